"""Notices over SMTP: to the server of the site file alone, encrypted as it says, by its deadline.

The library waits in a thread, which cannot be ended from outside: when the time is over its
connection is cut under it. What the server was asked to take and did not confirm is sent again,
with the same `Message-ID`.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from threading import Thread

from ivr.channel_ports import NotNow, Refused
from ivr.notice_words import Notice, body, subject
from ivr.smtp_settings import SmtpSettings

POLICY = SMTP.clone(cte_type="7bit")
"""Lines as SMTP has them, headers without line breaks of ours, and nothing beyond ASCII."""
ID_DIGITS = 32
NOT_LET_IN = frozenset({530, 534, 535, 538})
"""The server wants us to log in, or otherwise: not the fault of a notice."""
FAULTS = (OSError, ValueError)
"""What goes wrong at the far end; those of SMTP are among them."""


def letter(notice: Notice, to: str, sender: str, language: str) -> EmailMessage:
    """The mail; ValueError when something would break out of its header."""
    made = EmailMessage(POLICY)
    made["From"], made["To"] = sender, to
    made["Subject"] = subject(notice, language)
    made["Date"] = format_datetime(notice.when)
    digest = sha256(notice.key.encode()).hexdigest()[:ID_DIGITS]
    made["Message-ID"] = f"<{digest}@{_domain(sender)}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(body(notice, language))
    return made


class SmtpPost:
    """`adapters.channels.notices.Post`."""

    def __init__(
        self, settings: SmtpSettings, language: str,
        trusted: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._language = language
        self._trusted = trusted

    async def __call__(self, to: str, notice: Notice) -> None:
        try:
            made = letter(notice, to, self._settings.from_, self._language)
        except (ValueError, OverflowError):  # its words may be anything
            raise Refused("no e-mail can be made of it") from None
        visit = _Visit(self._settings, self._trusted, made, asyncio.get_running_loop())
        try:
            async with asyncio.timeout(self._settings.seconds):
                Thread(target=visit.run, daemon=True, name="notice").start()
                await visit.ended
        except TimeoutError:
            if not visit.taken:
                raise NotNow("no answer in time") from None
        except RuntimeError as fault:  # the system has no thread left
            raise NotNow(str(fault)) from fault
        finally:
            visit.cut()


class _Visit:
    """One connection, in a thread of its own."""

    def __init__(
        self, settings: SmtpSettings, trusted: Callable[[], ssl.SSLContext], made: EmailMessage,
        loop: asyncio.AbstractEventLoop,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._trusted = trusted
        self._made = made
        self._loop = loop
        self.open: smtplib.SMTP | None = None
        self._cut = False
        self.ended: asyncio.Future[None] = loop.create_future()
        self.taken = False
        """The server has confirmed it, whatever comes then."""

    def run(self) -> None:
        """In the thread."""
        fault: Exception | None = NotNow("it ended its thread")
        try:
            self._hand_over()
            fault = None
        except FAULTS as wrong:
            fault = None if self.taken else _told(wrong)
        finally:
            self.cut()
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._end, fault)

    def cut(self) -> None:
        """Nobody waits any more: whoever reads or writes in there is woken by the end of it."""
        self._cut = True
        line = self.open.sock if self.open else None
        if isinstance(line, socket.socket):
            with suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)  # beneath TLS, which is not asked

    def _hand_over(self) -> None:
        mine = self._settings
        context = None if mine.security == "none" else self._trusted()
        line = _TlsLine(self, mine, context) if mine.security == "tls" else _Line(self, mine)
        try:
            if context and mine.security == "starttls":
                line.starttls(context=context)  # raises where the server does not offer it
            if mine.user is not None and mine.password is not None:
                line.login(mine.user, mine.password)
            if not self._cut:
                line.sendmail(mine.from_, [str(self._made["To"])], self._made.as_bytes())
                self.taken = True
        finally:
            with suppress(OSError):  # it is taken, or not, already
                line.quit()

    def _end(self, fault: Exception | None) -> None:
        if self.ended.done():
            return
        if fault:
            self.ended.set_exception(fault)
        else:
            self.ended.set_result(None)


class _Line(smtplib.SMTP):
    """Known to its visit before it is connected, so that it can be cut. It greets by the domain of
    the sender, not by the name of this machine."""

    def __init__(self, visit: _Visit, mine: SmtpSettings) -> None:
        visit.open = self
        here = _domain(mine.from_)
        super().__init__(mine.host, mine.number, local_hostname=here, timeout=mine.seconds)


class _TlsLine(smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""

    def __init__(self, visit: _Visit, mine: SmtpSettings, context: ssl.SSLContext | None) -> None:
        visit.open = self
        here, seconds = _domain(mine.from_), mine.seconds
        super().__init__(
            mine.host, mine.number, local_hostname=here, timeout=seconds, context=context
        )


def _told(fault: Exception) -> NotNow | Refused:
    """Only an answer to this very notice is for good. No word of the server's own is kept."""
    code = _code_of(fault)
    if code is None:
        return NotNow(type(fault).__name__)
    if 500 <= code < 600 and code not in NOT_LET_IN:
        return Refused(f"refused {code}")
    return NotNow(f"status {code}")


def _code_of(fault: Exception) -> int | None:
    """What the server answered to sender, recipient or text; None: it never came so far."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in fault.recipients.values()), None)
    if isinstance(fault, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return fault.smtp_code
    return None


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
