"""Notices over real SMTP: what they hold, and what becomes of them, whatever the server does."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from adapters.channels.mail_post import SmtpPost
from ivr.channel_ports import NotNow, Refused
from ivr.notice_words import Notice
from ivr.ports import EffectKey
from ivr.smtp_settings import SmtpSettings
from tests.fakes_smtp import ENDLESS, GONE, SILENCE, FakeSmtp

DESK = "desk@example.org"
NOTICE = Notice(EffectKey("ast-1.5/mailbox/1"), "support", 1_700_395_200.0, "ast-1.5", "rec_77", 12)
PASSWORD = "a-secret-word"


def settings(server: FakeSmtp, **more: Any) -> SmtpSettings:
    plain = {"host": "127.0.0.1", "port": server.port, "security": "none",
             "from": "hotline@example.org"}  # fmt: skip
    seconds = more.pop("seconds", 20.0)  # shorter than a house may have it
    made = SmtpSettings.model_validate({**plain, **more})
    return made.model_copy(update={"seconds": seconds})


async def send(
    server: FakeSmtp, notice: Notice = NOTICE, language: str = "en", to: str = DESK, **more: Any
) -> None:
    """As the sender does, over a context that trusts the server's own certificate."""

    def trusted() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=more_ca)

    more_ca = more.pop("ca", None)
    await SmtpPost(settings(server, **more), language, trusted)(to, notice)


async def test_a_mail_says_where_when_how_long_and_how_to_hear_it() -> None:
    async with FakeSmtp().open() as server:
        await send(server)
    [mail] = server.mails
    assert (mail["From"], mail["To"]) == ("hotline@example.org", DESK)
    assert mail["Subject"] == "A message for support" and mail["Auto-Submitted"]
    assert mail["Date"].datetime == datetime(2023, 11, 19, 12, tzinfo=UTC)
    text = mail.get_content()
    assert "support" in text and "12 seconds" in text and "ast-1.5" in text
    assert "./hotline messages rec_77 --save message.wav" in text
    assert list(mail.iter_attachments()) == []
    assert server.heard[0] == "ehlo example.org", "not the name of this machine"


async def test_a_house_that_speaks_chinese_is_written_to_in_chinese() -> None:
    async with FakeSmtp().open() as server:
        await send(server, language="zh")
    [mail] = server.mails
    assert mail["Subject"] == "support 有一条新留言"
    assert "时长：12 秒" in mail.get_content() and server.taken[0].isascii()


async def test_a_mail_that_is_sent_again_has_the_same_id_and_another_has_its_own() -> None:
    async with FakeSmtp().open() as server:
        for notice in (NOTICE, NOTICE, replace(NOTICE, key=EffectKey("ast-1.5/mailbox/2"))):
            await send(server, notice)
    ids = [mail["Message-ID"] for mail in server.mails]
    assert ids[0] == ids[1] != ids[2] and ids[0].endswith("@example.org>")


@pytest.mark.parametrize("odd", ["support\r\nBcc: you@example.com", "support\nX: y", "a\rb"])
async def test_nothing_breaks_out_of_a_header(odd: str) -> None:
    async with FakeSmtp().open() as server:
        for notice, to in ((replace(NOTICE, queue=odd), DESK), (NOTICE, odd)):
            with pytest.raises(Refused):
                await send(server, notice, to=to)
    assert server.heard == []


async def test_a_line_of_a_dot_alone_does_not_end_the_mail() -> None:
    async with FakeSmtp().open() as server:
        await send(server, replace(NOTICE, contact="\r\n.\r\nRCPT TO:<x@example.org>"))
    assert len(server.taken) == 1 and sum(one.startswith("rcpt") for one in server.heard) == 1


# ---------------------------------------------------------------- refusing


@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA", "TEXT"])
@pytest.mark.parametrize("code", [550, 554])
async def test_what_is_refused_for_good_is_refused(word: str, code: int) -> None:
    async with FakeSmtp({word: f"{code} never {DESK}"}).open() as server:
        with pytest.raises(Refused, match=f"^refused {code}$"):
            await send(server)


@pytest.mark.parametrize("word", ["CONNECT", "MAIL", "RCPT", "DATA", "TEXT"])
@pytest.mark.parametrize("code", [421, 451])
async def test_what_is_put_off_is_tried_again(word: str, code: int) -> None:
    async with FakeSmtp({word: f"{code} later"}).open() as server:
        with pytest.raises(NotNow):
            await send(server)


@pytest.mark.parametrize(
    "says", [{"CONNECT": "554 not you"}, {"EHLO": "550 no", "HELO": "550 no"},
             {"AUTH": "535 who are you"}, {"MAIL": "530 log in first"}],
)  # fmt: skip
async def test_a_server_that_does_not_let_us_in_costs_no_notice(says: dict[str, str]) -> None:
    async with FakeSmtp(says, offers=["AUTH PLAIN"]).open() as server:
        with pytest.raises(NotNow):
            await send(server, user="hotline", password=PASSWORD)
    assert server.taken == []


async def test_a_farewell_that_goes_wrong_takes_nothing_back() -> None:
    for said in ("500 what?", GONE, SILENCE):
        async with FakeSmtp({"QUIT": said}).open() as server:
            await send(server, seconds=0.3)
        assert len(server.taken) == 1
    async with FakeSmtp({"RCPT": "550 nobody", "QUIT": "451 what?"}).open() as server:
        with pytest.raises(Refused, match="550"):
            await send(server)


# ---------------------------------------------------------------- slow, gone, lying, back again


@pytest.mark.parametrize("word", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "TEXT"])
@pytest.mark.parametrize("said", [SILENCE, GONE, "hello", "9999 what", "250" + "x" * 9000])
async def test_silence_ends_and_nonsense_are_tried_again(word: str, said: str) -> None:
    server = FakeSmtp({word: said, "HELO": said})
    async with server.open():
        with pytest.raises(NotNow):
            await send(server, seconds=0.3)


@pytest.mark.parametrize("word", ["CONNECT", "EHLO", "RCPT", "TEXT"])
async def test_a_server_that_never_ends_an_answer_is_cut_off_in_time(word: str) -> None:
    async with FakeSmtp({word: ENDLESS}).open() as server:
        async with asyncio.timeout(5):
            with pytest.raises(NotNow, match="no answer in time"):
                await send(server, seconds=0.3)
            await no_thread_is_left()


async def no_thread_is_left() -> None:
    for thread in threading.enumerate():
        if thread.name == "notice":
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()


async def test_a_server_that_is_back_again_is_used_again() -> None:
    server = FakeSmtp()
    async with server.open():
        await send(server)
    with pytest.raises(NotNow, match="ConnectionRefusedError"):
        await send(server)
    async with server.open():
        await send(server)
    assert len(server.taken) == 2


async def test_who_stops_waiting_ends_the_connection() -> None:
    async with FakeSmtp({"RCPT": SILENCE}).open() as server:
        sending = asyncio.create_task(send(server, seconds=60))
        await server.until(lambda: any(one.startswith("rcpt") for one in server.heard))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert server.taken == []


# ---------------------------------------------------------------- encryption, log-in


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """What a server shows, and the file by which it is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    shown, own = tmp_path / "cert.pem", tmp_path / "key.pem"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    own.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown, own)
    return context, str(shown)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_over_tls_the_password_is_said_and_the_mail_taken(
    certificate: tuple[ssl.SSLContext, str], security: str
) -> None:
    context, ca = certificate
    offers = ["STARTTLS", "AUTH PLAIN"]
    server = FakeSmtp(offers=offers, trust=context, at_once=security == "tls")
    async with server.open():
        await send(server, ca=ca, security=security, user="hotline", password=PASSWORD)
    assert len(server.taken) == 1
    [auth] = [one for one in server.heard if one.startswith("AUTH")]
    assert base64.b64decode(auth.split()[-1]) == f"\0hotline\0{PASSWORD}".encode()
    assert ("STARTTLS" in server.heard) == (security == "starttls")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_that_nobody_vouches_for_hears_nothing_of_us(
    certificate: tuple[ssl.SSLContext, str], security: str
) -> None:
    context, _ = certificate
    server = FakeSmtp(offers=["STARTTLS"], trust=context, at_once=security == "tls")
    async with server.open():
        with pytest.raises(NotNow, match="SSLCertVerificationError"):
            await send(server, security=security, user="hotline", password=PASSWORD)
    assert server.taken == [] and not any(one.startswith("AUTH") for one in server.heard)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_that_never_ends_an_answer_is_cut_off_over_tls_too(
    certificate: tuple[ssl.SSLContext, str], security: str
) -> None:
    context, ca = certificate
    server = FakeSmtp(
        {"RCPT": ENDLESS}, offers=["STARTTLS"], trust=context, at_once=security == "tls"
    )
    async with server.open():
        with pytest.raises(NotNow, match="no answer in time"):
            await send(server, ca=ca, security=security, seconds=2)
        await no_thread_is_left()


async def test_a_server_that_offers_no_encryption_is_told_nothing() -> None:
    async with FakeSmtp(offers=["AUTH PLAIN"]).open() as server:
        with pytest.raises(NotNow, match="SMTPNotSupportedError"):
            await send(server, security="starttls", user="hotline", password=PASSWORD)
    assert server.taken == [] and not any(one.startswith("AUTH") for one in server.heard)


# ---------------------------------------------------------------- settings

GIVEN = {"host": "mail.example.org", "from": "hotline@example.org"}


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_from_the_encryption(security: str, port: int) -> None:
    made = SmtpSettings.model_validate({**GIVEN, "security": security, "plain": True})
    assert made.number == port
    assert SmtpSettings.model_validate({**GIVEN, "port": 2525}).number == 2525


@pytest.mark.parametrize(
    "wrong",
    [{"security": "none"}, {"user": "hotline"}, {"password": PASSWORD}, {"from": "a\n@b.org"},
     {"from": "a b@example.org"}, {"host": "mail.example.org\r\n"}, {"seconds": 0},
     {"user": "a", "password": "二"}, {"security": "ssl"}],
)  # fmt: skip
def test_settings_that_would_not_do_are_refused_and_no_password_is_shown(
    wrong: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError) as fault:
        SmtpSettings.model_validate({**GIVEN, **wrong})
    assert PASSWORD not in str(fault.value.errors(include_input=False))


def test_this_machine_may_be_spoken_to_in_the_clear() -> None:
    assert not SmtpSettings.model_validate({**GIVEN, "host": "::1", "security": "none"}).plain
    both = {**GIVEN, "user": "a", "password": PASSWORD}
    assert PASSWORD not in repr(SmtpSettings.model_validate(both))
