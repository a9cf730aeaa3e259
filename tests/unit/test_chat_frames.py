"""What customers' pages may say: known frames, and nothing else, however it is spelled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat import frames
from adapters.chat.frames import BadFrame, read
from adapters.chat.peer import Pace

TOKEN = "k3Jw0Qm5SxO1nTzv9bYh2A"

GOOD: list[dict[str, Any]] = [
    {"t": "begin", "language": "zh", "queue": "support", "name": "王小明"},
    {"t": "begin", "language": "en", "queue": "", "name": "", "token": TOKEN},
    {"t": "resume", "token": TOKEN, "after": 12},
    {"t": "redeem", "pass": "402 771 905"},
    {"t": "look", "pass": TOKEN},
    {"t": "write", "id": "a-1", "words": "第一行\n\tsecond 🙂"},
    {"t": "write", "id": "a-1", "words": "x" * 4000},
    {"t": "typing", "on": True},
    {"t": "read", "number": 3},
    {"t": "end"},
    {"t": "rate", "value": 5},
    {"t": "call me", "number": "+86 138 0013 8000"},
]

BAD: list[Any] = [
    {}, [], None, 5, "end", {"t": "fly"}, {"t": ["end"]}, {"t": None},
    {"t": "begin", "language": "fr", "queue": "", "name": ""},
    {"t": "begin", "language": "en", "queue": "../etc", "name": ""},
    {"t": "begin", "language": "en", "queue": "", "name": "x" * 61},
    {"t": "begin", "language": "en", "queue": "", "name": "", "token": "short"},
    {"t": "resume", "token": TOKEN + "\n", "after": 0},
    {"t": "resume", "token": TOKEN, "after": -1},
    {"t": "resume", "token": TOKEN, "after": 2**40},
    {"t": "redeem", "pass": "x" * 41}, {"t": "look", "pass": ""}, {"t": "look"},
    {"t": "write", "id": "", "words": "x"}, {"t": "write", "id": "x" * 65, "words": "x"},
    {"t": "write", "id": "a b", "words": "x"}, {"t": "write", "id": "1", "words": ""},
    {"t": "write", "id": "1", "words": " \n "}, {"t": "write", "id": "1", "words": "x" * 4001},
    {"t": "write", "id": "1", "words": "a\u0000b"}, {"t": "write", "id": "1", "words": "\ud800"},
    {"t": "write", "id": "1", "words": "\u001b[31m"}, {"t": "write", "id": "1", "words": ["x"]},
    {"t": "typing", "on": "perhaps"}, {"t": "read", "number": "many"},
    {"t": "rate", "value": 0}, {"t": "rate", "value": 6}, {"t": "rate", "value": 4.5},
    {"t": "call me", "number": "call'; drop"}, {"t": "call me", "number": "1" * 41},
]  # fmt: skip


@pytest.mark.parametrize("frame", GOOD, ids=lambda frame: frame["t"])
def test_what_a_page_says_is_understood(frame: dict[str, Any]) -> None:
    assert read(json.dumps(frame)).t == frame["t"]


@pytest.mark.parametrize("frame", BAD, ids=lambda frame: json.dumps(frame)[:40])
def test_what_no_page_says_is_refused(frame: Any) -> None:
    with pytest.raises(BadFrame) as refused:
        read(json.dumps(frame))
    assert str(refused.value) == "" and refused.value.__cause__ is None


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 20_000, '{"t":' * 5000, "\ufeff{}", "NaN", "1e999"]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(BadFrame):
        read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "token",
    "after",
    "pass",
    "id",
    "words",
    "on",
    "number",
    "value",
    "language",
    "queue",
    "name",
)


@given(
    st.text()
    | st.builds(
        lambda kind, rest: json.dumps({"t": kind, **rest}),
        st.sampled_from([good["t"] for good in GOOD]),
        st.dictionaries(st.sampled_from(KEYS), JSON),
    )
)
def test_nothing_that_comes_does_more_than_be_refused(text: str) -> None:
    try:
        frame = read(text)
    except BadFrame:
        return
    assert isinstance(frame, frames.Frame)


def test_words_and_secrets_stand_in_no_log() -> None:
    said = [repr(read(json.dumps(frame))) for frame in GOOD]
    assert not any("second" in one or "771" in one or "138" in one for one in said)


def test_who_says_much_is_heard_at_a_steady_pace() -> None:
    clock = [0.0]
    pace = Pace(4.0, 3, lambda: clock[0])
    assert [pace.take() for _ in range(5)] == [0.0, 0.0, 0.0, 0.25, 0.5]
    clock[0] = 10.0
    assert pace.take() == 0.0
