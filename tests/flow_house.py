"""A private Asterisk with a flow of a test's own, and its prompts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from adapters.asterisk.instance import Instance
from ivr.load import house_of, load
from ivr.online_words import spoken_online
from tests import rig
from voice.prompts import PromptFolder, make_missing


@contextmanager
def flow_house(
    flow: Mapping[str, Any],
    centre: Mapping[str, Any],
    queues: Mapping[str, str] | None = None,
    **site: Any,
) -> Iterator[Instance]:
    """With one agent's phone. All numbers lead to the flow: `queues` has the queue of each; left
    out, there is one, 4000."""
    numbers = {
        number: {"flow": "tested", "language": "en", **({"queue": queue} if queue else {})}
        for number, queue in (queues or {"4000": ""}).items()
    }
    with rig.asterisk(phones=1, numbers=numbers, centre=centre, **site) as instance:
        folder = instance.settings.data / "flows"
        folder.mkdir()
        file = folder / "tested.yaml"
        file.write_text(json.dumps(flow), encoding="utf-8")
        house = house_of(instance.settings)
        spoken = load(file, house).prompts()
        if house.asked_online:
            spoken += spoken_online(["en"])
        done = asyncio.run(make_missing(PromptFolder(instance.settings.prompts), spoken))
        assert done.failed == []
        yield instance
