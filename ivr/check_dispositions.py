"""What a queue's dispositions must mean together."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.centre_keys import QueueEntry
from ivr.located import KeyPath


def dispositions(where: KeyPath, queue: QueueEntry) -> Iterator[tuple[KeyPath, str]]:
    """Contradictions in them, each with its path."""
    given, limit = queue.dispositions, queue.disposition_limit
    if limit is not None and not given:
        yield (*where, "disposition_limit"), "there is nothing to say: give `dispositions`"
    if queue.disposition_ends_wrap_up and not given:
        yield (*where, "disposition_ends_wrap_up"), "there is nothing to say: give `dispositions`"
    if limit is not None and limit < queue.wrap_up_seconds:
        text = f"is shorter than the wrap-up itself, {queue.wrap_up_seconds:g} (`wrap_up_seconds`)"
        yield (*where, "disposition_limit"), text
    languages = {language: None for words in given.values() for language in words}
    for code, words in given.items():
        here = (*where, "dispositions", code)
        if not words:
            yield here, "has no words: say it in each language, like {zh: 已解决, en: Solved}"
        elif missing := [language for language in languages if language not in words]:
            yield here, f"has no words in {', '.join(missing)}, as others here have"
