"""What must be spoken before the first call: the flows' prompts, the dialplan's, the hold music."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from adapters.asterisk.config import Folders
from ivr.flow import Flow
from ivr.prompts import Targets, make_all, named_prompts
from ivr.settings import ROOT, Settings
from voice.prompts import Made, PromptFolder

log = logging.getLogger(__name__)

NAMED_PROMPTS = ROOT / "asterisk-config" / "prompts.yaml"


async def make_prompts(settings: Settings, flows: Iterable[Flow]) -> Made:
    """Make what is missing; a prompt that cannot be made is logged, and the rest goes on."""
    store = PromptFolder(settings.prompts)
    named = named_prompts(NAMED_PROMPTS, settings.site.languages)
    folders = Folders.of(settings)
    done = await make_all(store, flows, named, Targets(folders.sounds, folders.music))
    for fault in done.failed:
        log.error("prompt not made", extra={"why": fault})
    return done
