"""The campaign against the channels sees what it is there to see."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

import pytest

from adapters.channels import signature
from adapters.channels.taken import Taken
from ivr.channel_ports import Headers
from tests import campaign_webhooks as campaign

SEED = 6


async def nothing(taken: Taken) -> None:
    """A list of what was taken that forgets everything when the process ends."""


def last(headers: Headers, name: str) -> str:
    """Of a header that is there twice, the last."""
    return dict(headers).get(name, "")


async def test_everything_wrong_is_refused_and_everything_right_is_taken() -> None:
    tally = await campaign.run(SEED, 400, None)
    assert tally["right, and taken"] == 400 // campaign.RIGHT
    assert set(campaign.WRONGS) <= set(tally) and sum(tally.values()) == 400


@pytest.mark.parametrize(
    ("where", "name", "broken", "kind"),
    [
        (signature, "TOLERANCE", 1e9, "late"),
        (hmac, "compare_digest", lambda ours, given: True, "was answered 202"),
        (signature, "_only", last, "doubled"),
        (Taken, "is_known", lambda *given: False, "replayed"),
        (Taken, "begin", nothing, "replayed"),
    ],
    ids=["time", "signature", "headers", "replays", "restarts"],
)
async def test_a_check_that_is_missing_is_noticed(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, broken: Callable[..., Any], kind: str
) -> None:
    monkeypatch.setattr(where, name, broken)
    monkeypatch.setattr(campaign, "SHARD", 100)
    with pytest.raises(campaign.GotThrough, match=kind):
        await campaign.run(SEED, 400, None)
