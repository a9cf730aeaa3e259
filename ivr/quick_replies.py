"""Quick replies: words that agents put into a chat by one press (`replies` in the site file)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from ivr.faults import meant
from ivr.keys import Name

EVERY_QUEUE = "all"
MOST = 50
"""Of one queue in one language: more are no longer quick."""

Reply = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
Replies = Annotated[tuple[Reply, ...], Field(max_length=MOST)]
QuickReplies = dict[Name, dict[str, Replies]]
"""By queue, or `all`, and language."""


def reply_faults(
    replies: Mapping[str, Mapping[str, object]],
    queues: Collection[str],
    languages: Collection[str],
) -> Iterator[str]:
    """A sentence for each queue that there is not, and each language that is not spoken."""
    for queue, by_language in replies.items():
        here = f"site.yaml: replies.{queue}"
        if queue != EVERY_QUEUE and queue not in queues:
            near = meant(queue, [*queues, EVERY_QUEUE])
            yield f"{here}: there is no queue {queue!r}{near}"
        for language in by_language:
            if language not in languages:
                yield f"{here}.{language}: the site's languages are {', '.join(languages)}"


def replies_for(
    replies: Mapping[str, Mapping[str, tuple[str, ...]]], queue: str, language: str
) -> list[str]:
    """Those of the queue, then those of every queue, in this language; each once."""
    found = [
        reply for name in (queue, EVERY_QUEUE) for reply in replies.get(name, {}).get(language, ())
    ]
    return list(dict.fromkeys(found))
