"""Quick replies in the site file."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ivr.quick_replies import replies_for, reply_faults
from ivr.site_file import SiteFile

REPLIES = {
    "support": {"en": ["One moment, please.", "Good day!"], "zh": ["请稍等。"]},
    "all": {"en": ["Good day!"]},
}


def test_those_of_the_queue_come_first_and_each_but_once() -> None:
    site = SiteFile.model_validate({"replies": REPLIES})
    assert replies_for(site.replies, "support", "en") == ["One moment, please.", "Good day!"]
    assert replies_for(site.replies, "sales", "en") == ["Good day!"]
    assert replies_for(site.replies, "sales", "zh") == []


def test_a_queue_or_language_that_is_not_there_is_a_fault() -> None:
    site = SiteFile.model_validate({"replies": {"suport": {"en": ["a"]}, "all": {"fr": ["b"]}}})
    assert list(reply_faults(site.replies, ["support"], ("zh", "en"))) == [
        "site.yaml: replies.suport: there is no queue 'suport'; did you mean 'support'?",
        "site.yaml: replies.all.fr: the site's languages are zh, en",
    ]


@pytest.mark.parametrize("replies", [[""], ["x" * 1001], ["x"] * 51, "text"])
def test_a_reply_that_cannot_be_one_is_refused(replies: object) -> None:
    with pytest.raises(ValidationError):
        SiteFile.model_validate({"replies": {"all": {"en": replies}}})
