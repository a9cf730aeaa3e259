"""What is said and asked on one call, in AGI commands that wait until it is done.

Every key that the caller presses is kept by Asterisk itself (StoreDTMF) in a variable of the call,
from before the answer to the script's last moment: AGI throws keys away between two commands.
Questions are answered from that record, so keys may come early, and `Read` only tells when to look.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from pathlib import Path

from acd.model import Seconds
from adapters.asterisk import takes
from adapters.asterisk.agi import CallAgi
from adapters.asterisk.double_keys import DoubleKeys, KeyRecord
from ivr.ports import LineFailed, Take
from ivr.typed import EndKey, answer_in

log = logging.getLogger(__name__)

BETWEEN_KEYS: Seconds = 3.0
AT_ONCE: Seconds = 0.001
"""As long as `Read` waits for a key behind something that is only said; 0 would mean 10 s."""
TYPED, READ = "HOTLINE_TYPED", "HOTLINE_READ"
KEPT = "="
"""What the record of keys begins with: an empty one tells that nothing is being kept."""
DIAL_TONE = "dial"
SILENCE = "silence"
"""The music class that sends silence."""


class Asking:
    """The keys of one call, and what they answer. Every method sends commands and waits for them:
    it belongs into a thread."""

    def __init__(self, agi: CallAgi, takes: Path | None, keys: DoubleKeys | None) -> None:
        """`takes`: where Asterisk writes what callers say; None: nowhere. `keys`: what the manager
        interface tells of keys; None: nothing."""
        self._agi, self._takes, self._keys = agi, takes, keys
        self._channel = agi.env.get("agi_channel", "")
        self._record = KeyRecord(self._channel, keys)
        self._taken = 0
        """How many of the keys on record have answered a question."""
        self._end_key = EndKey()
        self._most = 0
        """How many keys the last `Read` might take."""

    def begin(self) -> None:
        """Have Asterisk keep the caller's keys from now on."""
        self._agi.appexec("StoreDTMF", f"RX,{TYPED}")

    def go_on(self, on_record: int) -> None:
        """Another script was there before, with a record so long: nobody asks for its keys any
        more."""
        self._taken = max(on_record - len(KEPT), 0)
        left = self.forget() if self._taken else self._on_record()
        self._record = KeyRecord(self._channel, self._keys, len(left))

    def anew(self) -> None:
        """The dialplan has thrown the record away, and keeps keys again."""
        self._taken, self._end_key = 0, EndKey()
        self._record = KeyRecord(self._channel, self._keys, len(self._on_record()))

    def end(self) -> None:
        """Keys of the talk are nobody's business."""
        with suppress(LineFailed):
            self._agi.appexec("StoreDTMF", "remove")

    def play(self, files: list[str]) -> None:
        """To the end, whatever is pressed."""
        if files:
            self._agi.appexec("Playback", "&".join(files))
            self._complain(self._agi.get_variable("PLAYBACKSTATUS") == "FAILED")
            self._hush()

    def say(self, files: list[str]) -> str | None:
        """Until a key is pressed: that key."""
        self._speak(files)
        return self._typed()[:1] or None

    def ask(
        self, files: list[str], most_keys: int, seconds: Seconds, ends_with: str, unsaid: bool
    ) -> str | None:
        """The keys; None: silence. `unsaid`: the question could not be made, a tone stands in."""
        typed = self._typed()
        if answer_in(typed, most_keys, ends_with) is None:
            left, options = most_keys - len(typed), f"t({ends_with})"
            if typed:
                self._read("", left, options, BETWEEN_KEYS)
            elif unsaid or not self._speak(files):
                self._read(DIAL_TONE, left, options + "i", seconds)
            elif not (typed := self._typed()):
                self._read("", left, options, seconds)
            elif answer_in(typed, most_keys, ends_with) is None:
                self._read("", most_keys - len(typed), options, BETWEEN_KEYS)
            typed = self._typed()
            while typed and answer_in(typed, most_keys, ends_with) is None and self._is_full():
                self._read("", most_keys - len(typed), options, BETWEEN_KEYS)
                typed = self._typed()
        keys, taken = answer_in(typed, most_keys, ends_with) or (typed, len(typed))
        self._taken += taken
        self._end_key.may_follow(keys, most_keys, ends_with, time.monotonic() + BETWEEN_KEYS)
        return keys if taken else None

    def ask_in_secret(
        self, files: list[str], most_keys: int, seconds: Seconds, ends_with: str, unsaid: bool
    ) -> str | None:
        """The same; the answer does not stay on the call."""
        keys = self.ask(files, most_keys, seconds, ends_with, unsaid)
        self.forget()
        return keys

    def forget(self) -> str:
        """Take the keys that have answered questions off the call; later ones stay: those."""
        left = self._record.forget(self._on_record(), self._taken)
        self._agi.set_variable(TYPED, KEPT + left)
        self._agi.set_variable(READ, "")
        self._taken = 0
        return left

    def record(self, files: list[str], seconds: Seconds, pause: int, ends_with: str) -> Take:
        """What the caller says after a tone; keys until then answer no later question."""
        folder, tone = takes.tone_in(self._takes)
        self._speak(files)
        self.play([tone])
        taken = takes.take(self._agi, folder, seconds, pause, ends_with)
        if not taken.gone:
            self._end_key = EndKey()
            self._taken += len(self._typed())
        return taken

    def _on_record(self) -> str:
        return str(self._agi.get_variable(TYPED))[len(KEPT) :]

    def _typed(self) -> str:
        """The keys that have not answered a question yet."""
        typed = self._record.once(self._on_record())[self._taken :]
        left = self._end_key.without(typed)
        self._taken += len(typed) - len(left)
        return left

    def _speak(self, files: list[str]) -> bool:
        """Play until a key is pressed; whether everything could be played. One file at a time:
        between two files of one `Read` nothing at all is sent for 70 ms."""
        played = True
        for file in files:
            if self._typed():
                break
            played &= self._read(file, 1, "t()", AT_ONCE)
        if files:
            self._hush()
        return played

    def _hush(self) -> None:
        """Send silence from now on: a line on which nothing comes sounds dead."""
        with suppress(LineFailed):
            self._agi.appexec("StartMusicOnHold", SILENCE)

    def _read(self, sound: str, most: int, options: str, seconds: Seconds) -> bool:
        """Play and wait until enough keys have been pressed, or none for long enough; False when
        it could not be played. Anew when only the end key of the answer before has come."""
        self._most = most
        self._agi.set_variable("TIMEOUT(response)", seconds)
        self._agi.appexec("Read", f"{READ},{sound},{most},{options}")
        failed = self._agi.get_variable("READSTATUS") == "ERROR"
        self._complain(failed)
        self._end_key.listened(time.monotonic())
        if self._end_key.may_come and self._broke_in():
            return self._read(sound, most, options, seconds)
        return not failed

    def _broke_in(self) -> bool:
        """Whether the end key of the answer before has come, and no key behind it yet."""
        before = self._taken
        typed = self._typed()
        if typed and self._taken > before:
            self._most = 0  # however many it took, they were not all of the answer
        return not typed and self._taken > before

    def _is_full(self) -> bool:
        """Whether the last `Read` has had as many keys as it may take: some perhaps twice."""
        return len(str(self._agi.get_variable(READ))) >= self._most

    def _complain(self, failed: bool) -> None:
        if failed:
            log.error("prompts not played", extra={"reason": "asterisk cannot read the files"})
