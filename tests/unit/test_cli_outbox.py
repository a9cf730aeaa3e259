"""`./hotline outbox` shows what waits and what failed, and `doctor` says what keeps it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from adapters.cli.commands import app
from adapters.cli.mail_looks import of_mail
from adapters.stores.outbox import FAILED, FOLDER, FileOutbox
from ivr.ports import EMAIL, EffectKey, Outgoing
from ivr.settings import BadSettings, Settings, load

SMTP = {"host": "mail.example.org", "from": "hotline@example.org"}
SITE: dict[str, Any] = {"email": {"support": "desk@example.org"}, "smtp": SMTP}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of a house whose messages are told by e-mail."""
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return write(tmp_path, SITE)


def write(data: Path, site: dict[str, Any]) -> Path:
    (data / "site.yaml").write_text(yaml.safe_dump(site))
    return data


def settings(data: Path) -> Settings:
    return load(os.environ | {"HOTLINE_DATA": str(data)})


async def left(data: Path, key: str, folder: str = FOLDER, kind: str = EMAIL, **more: Any) -> None:
    outgoing = Outgoing(EffectKey(key), kind, None, {"queue": "support", **more})
    await FileOutbox(data, folder).put(outgoing)


def shown(*options: str) -> dict[str, str]:
    """The state of each entry, by its key."""
    listed = CliRunner().invoke(app, ["outbox", *options, "--json"])
    return {one["key"]: one["state"] for one in json.loads(listed.stdout)}


async def done(*options: str) -> str:
    """What is said: in a thread, for the command has a loop of its own."""
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["outbox", *options])
    return ran.output


async def test_what_waits_what_failed_and_what_nobody_sends_are_told_apart(data: Path) -> None:
    await left(data, "k1")
    await left(data, "k2", FAILED, why="refused 550")
    await left(data, "k3", kind="callback_promised")
    assert shown() == {"k1": "waits", "k2": "failed: refused 550", "k3": "nobody sends it"}
    write(data, {"email": SITE["email"]})
    assert shown()["k1"] == "nobody sends it"


async def test_what_failed_waits_anew_when_it_is_asked_for(data: Path) -> None:
    await left(data, "k1", FAILED, why="refused 550", at=7.0)
    assert "1 wait" in await done("--again")
    [one] = FileOutbox(data).waiting()
    assert one.outgoing.data == {"queue": "support", "at": 7.0} and shown() == {"k1": "waits"}


async def test_what_is_given_up_again_at_once_is_not_lost(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web process looks at every instant at which something has become durable."""
    await left(data, "k1", FAILED, why="refused 550")
    fsync = os.fsync

    def and_the_web_looks(handle: int) -> None:
        fsync(handle)
        for path in (data / FOLDER).glob("*.json"):
            given_up = data / FAILED / path.name
            if not given_up.exists():
                given_up.write_bytes(path.read_bytes())
            path.unlink()

    monkeypatch.setattr(os, "fsync", and_the_web_looks)
    await done("--again")
    assert list(shown()) == ["k1"]


async def test_what_is_just_being_given_up_stays_so(data: Path) -> None:
    """It lies in both folders for an instant, and is about to be removed from the first."""
    await left(data, "k1")
    await left(data, "k1", FAILED, why="refused 550")
    assert "0 wait" in await done("--again")
    await FileOutbox(data).done(EffectKey("k1"))
    assert shown() == {"k1": "failed: refused 550"}


async def test_what_failed_and_what_nobody_sends_goes_when_it_is_asked_for(data: Path) -> None:
    await left(data, "k1")
    await left(data, "k2", FAILED, why="refused 550")
    await left(data, "k3", kind="callback_promised")
    assert "2 removed" in await done("--drop") and shown() == {"k1": "waits"}
    assert "not both" in await done("--drop", "--again")
    write(data, {})
    assert "1 removed" in await done("--drop") and shown() == {}


async def test_the_doctor_says_that_nobody_is_told_without_a_mail_server(data: Path) -> None:
    assert [finding.what for finding in of_mail(settings(data))] == ["e-mail"]
    write(data, {"email": SITE["email"]})
    [finding] = of_mail(settings(data))
    assert finding.level == "warn" and "no `smtp`" in finding.what
    write(data, {})
    assert of_mail(settings(data)) == []


async def test_the_doctor_says_what_waits_what_failed_and_what_goes_in_the_clear(
    data: Path,
) -> None:
    write(data, {**SITE, "smtp": {**SMTP, "security": "none", "plain": True}})
    await left(data, "k1")
    await left(data, "k2", FAILED, why="refused 550")
    at = next(FileOutbox(data).waiting()).at + 660
    told = [(finding.level, finding.what) for finding in of_mail(settings(data), at)]
    assert told == [
        ("warn", "notices by e-mail go out in the clear"),
        ("warn", "1 notices wait, the oldest for 11 minutes"),
        ("warn", "1 notices were given up"),
    ]
    (data / FOLDER / "odd.json").write_text("[]")
    assert [finding.level for finding in of_mail(settings(data))] == ["warn", "fail"]


def test_the_password_comes_from_a_file_of_the_secrets(data: Path) -> None:
    (data / "secrets").mkdir()
    (data / "secrets/smtp").write_text("a-secret-word\n")
    log_in = {"user": "hotline", "password": "${file:secrets/smtp}"}
    write(data, {**SITE, "smtp": {**SMTP, **log_in}})
    smtp = settings(data).site.smtp
    assert smtp and smtp.password == "a-secret-word"
    write(data, {**SITE, "smtp": {**SMTP, **log_in, "security": "none"}})
    with pytest.raises(BadSettings, match="in the clear") as fault:
        settings(data)
    assert "a-secret-word" not in str(fault.value)
