"""The SIP account that the demo invites people with."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import segno
from rich.console import Console

from adapters.cli.demo_report import account
from adapters.cli.demo_words import Words
from ivr import addresses
from ivr.settings import Settings, load


def site(tmp_path: Path, listen: str) -> Settings:
    (tmp_path / "site.yaml").write_text(f"listen: '{listen}'\nphones: {{visitor: {{}}}}\n")
    places = {"HOTLINE_DATA": str(tmp_path), "HOTLINE_HOME": str(tmp_path / "home")}
    return load({**places, "HOTLINE_PORT_BASE": "15060"})


def told(settings: Settings) -> str:
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(account(Words("en"), settings))
    return console.export_text()


def picture(text: str) -> str:
    lines = io.StringIO()
    segno.make(text, error="l").terminal(out=lines, border=1, compact=True)
    return lines.getvalue()


def test_it_says_all_that_a_telephone_asks_for_as_text_and_as_a_picture(tmp_path: Path) -> None:
    settings = site(tmp_path, "127.0.0.1")
    lines = [line.rstrip() for line in told(settings).splitlines()]
    rows = dict(line.split(maxsplit=1) for line in lines if len(line.split()) > 1)
    password = settings.phone_secret("visitor")
    assert len(password) == 32
    assert rows["account"] == "visitor"
    assert rows["password"] == password
    assert rows["server"] == "127.0.0.1:15060 (UDP)"
    assert rows["dial"] == "4000"
    drawn = picture(f"sip:visitor:{password}@127.0.0.1:15060").splitlines()
    assert "\n".join(line.rstrip() for line in drawn).strip() in "\n".join(lines)
    assert any("Only telephones on this machine" in line for line in lines)


@pytest.mark.parametrize(
    ("listen", "server"),
    [("192.0.2.10", "192.0.2.10:15060"), ("0.0.0.0", "198.51.100.7:15060")],  # noqa: S104
)
def test_open_to_others_it_warns_and_names_an_address_that_they_can_dial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listen: str, server: str
) -> None:
    monkeypatch.setattr(addresses, "_towards", lambda family, far: "198.51.100.7")
    text = " ".join(told(site(tmp_path, listen)).split())
    assert f"Open to your network at {server}" in text
    assert "without encryption" in text
    assert f"server {server} (UDP)" in text


def test_the_password_is_another_in_every_installation(tmp_path: Path) -> None:
    passwords = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        passwords.add(site(tmp_path / name, "192.0.2.10").phone_secret("visitor"))
    assert len(passwords) == 2
