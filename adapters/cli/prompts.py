"""What must be spoken before the first call: the flows' prompts, the dialplan's, the hold music."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from adapters.asterisk.config import Folders
from ivr.flow import Flow
from ivr.load import asked_online
from ivr.online_words import spoken_online
from ivr.prompts import Targets, make_all, named_prompts
from ivr.settings import ROOT, Settings
from voice.prompts import Made, PromptFolder, make_missing

log = logging.getLogger(__name__)

NAMED_PROMPTS = ROOT / "asterisk-config" / "prompts.yaml"


async def make_prompts(settings: Settings, flows: Iterable[Flow]) -> Made:
    """Make what is missing; a prompt that cannot be made is logged, and the rest goes on."""
    store = PromptFolder(settings.prompts)
    named = named_prompts(NAMED_PROMPTS, settings.site.languages)
    folders = Folders.of(settings)
    done = await make_all(store, flows, named, Targets(folders.sounds, folders.music))
    return _told(done)


async def make_online_prompts(settings: Settings) -> None:
    """Make what callers hear of going on online, if any are asked: it is many, and comes after
    everything that the first call needs. What is not there yet is made when it is to be said."""
    if asked_online(settings):
        spoken = spoken_online(settings.site.languages)
        _told(await make_missing(PromptFolder(settings.prompts), spoken))


def _told(done: Made) -> Made:
    for fault in done.failed:
        log.error("prompt not made", extra={"why": fault})
    return done
