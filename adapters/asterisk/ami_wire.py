"""What goes over the AMI socket: checks on the way out, panoramisk's protocol mended on the way in.

The protocol is a subclass because these faults lie inside the library's class: it decodes chunks
instead of messages, lets a faulty message end the link, takes events for answers when they carry
the id of an action, and keeps unanswered actions to send them again after the next login.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from adapters.asterisk.rare_log import RareLog

log = logging.getLogger(__name__)
skipped = RareLog(log, "ami message skipped")

LONGEST_LINE = 1_000
"""Bytes of a header that Asterisk reads whole; it cuts longer ones and takes the rest for more."""
MOST_LINES = 100
LONGEST_MESSAGE = 262_144
"""Bytes; nothing that we ask for comes near."""
END = b"\r\n\r\n"
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
BREAKS = re.compile(r"[\r\n\0]")

Header = str | Sequence[str]


class AmiAway(Exception):
    """There is no link, or it was lost before the answer: the action may or may not have run."""


class AmiRefused(Exception):
    """Asterisk (or the check before sending) said no; the message says why."""


class AmiSlow(Exception):
    """No answer within the deadline: the action may still run."""


def checked(action: Mapping[str, Header]) -> dict[str, str | list[str]]:
    """The action as it may be sent: each header one line, `AmiRefused` for anything else.

    An Originate is always `Async`: a synchronous one holds up every other action while it rings.
    """
    fields = {key: [v] if isinstance(v, str) else list(v) for key, v in action.items()}
    if sum(map(len, fields.values())) > MOST_LINES:
        raise AmiRefused(f"more than {MOST_LINES} headers")
    for key, values in fields.items():
        for value in values:
            _check_header(key, value)
    sent = {key: values[0] if len(values) == 1 else values for key, values in fields.items()}
    name = next((value for key, value in sent.items() if key.lower() == "action"), "")
    if str(name).lower() == "originate":
        sent = {key: value for key, value in sent.items() if key.lower() != "async"}
        sent["Async"] = "true"
    return sent


def _check_header(key: str, value: str) -> None:
    # The value itself is never repeated: it may be personal, and messages are logged.
    if not KEY.fullmatch(key):
        raise AmiRefused("a header has a name that is none")
    if BREAKS.search(value):
        raise AmiRefused(f"the value of {key} has a line break or NUL")
    try:
        length = len(f"{key}: {value}".encode())
    except UnicodeEncodeError:
        raise AmiRefused(f"the value of {key} is not text") from None
    if length > LONGEST_LINE:
        raise AmiRefused(f"the header {key} is longer than {LONGEST_LINE} bytes")


def plain(message: Message) -> dict[str, str]:
    """An event or answer as a dict; a header that comes more than once has its values as lines."""
    # The library's own `items` looks each key up again, twice lower-cased, at every event.
    headers = dict(message._store.values())
    headers.pop("content", None)  # added by the library to every message
    for key, value in headers.items():
        if isinstance(value, list):
            headers[key] = "\n".join(value)
    return cast(dict[str, str], headers)


class Wire(AMIProtocol):  # type: ignore[misc]  # the library has no types
    """One AMI connection. `on_close` is called exactly once, however it ends."""

    closed: bool

    def __init__(self, on_close: Callable[[], None]) -> None:
        self._on_close = on_close
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Hand on whole messages only, so that no character is torn at the edge of a chunk."""
        whole, end, rest = (self._rest + data).rpartition(END)
        self._rest = rest
        if end and not self.closed:
            super().data_received(whole + end)
        if len(self._rest) > LONGEST_MESSAGE:
            log.error("ami message too long", extra={"bytes": len(self._rest)})
            self.close()

    def handle_message(self, message: Message) -> None:
        try:
            action = self.responses.get(message.action_id)
            if action is not None and action.as_list is False and "event" in message:
                self.factory.dispatch(message)  # its own answer is still to come
            else:
                super().handle_message(message)
        except Exception as error:  # the link and all messages after this one matter more
            skipped(type(error).__name__)

    def connection_lost(self, exc: object) -> None:
        """Does not tell the library's `Manager`, which would reconnect at a pace of its own."""
        self.close()

    def close(self) -> None:
        """End the link at once and every action on it, so that none is left to be sent again."""
        if self.closed:
            return
        self.closed = True
        self.transport.abort()  # a polite close waits for a frozen peer to read
        self._rest = b""
        for action in self.responses.values():
            if not action.future.done():
                action.future.set_exception(AmiAway("the link was lost before the answer"))
        self._on_close()
