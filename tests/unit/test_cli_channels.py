"""`./hotline channel` and what `doctor` says of channels; and the pages that explain them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapters.cli import channels
from adapters.cli.channel_looks import of_channels
from adapters.cli.commands import app
from adapters.stores.outbox import TEXTS, FileOutbox
from ivr.channel_settings import key_of
from ivr.home import ROOT
from ivr.ports import EffectKey, Outgoing, PersonId
from ivr.settings import BadSettings, Settings, load
from tests.channel_hands import KEY, OLD_KEY, secret

PAGES = sorted((ROOT / "docs" / "channels").glob("*.md"))
TWO: dict[str, dict[str, Any]] = {
    "sms": {
        "kind": "sms",
        "secrets": ["${file:secrets/channel-sms}"],
        "allow": ["+86"],
        "url": "http://127.0.0.1:8098/texts",
    },
    "shop": {"secrets": ["${file:secrets/channel-shop}"]},
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two channels."""
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    (tmp_path / "secrets").mkdir()
    for name, key in (("sms", KEY), ("shop", OLD_KEY)):
        (tmp_path / f"secrets/channel-{name}").write_text(secret(key))
    write(tmp_path, TWO)
    return tmp_path


def write(data: Path, named: dict[str, Any]) -> None:
    (data / "site.yaml").write_text(yaml.safe_dump({"channels": named}, sort_keys=False))


def settings(data: Path) -> Settings:
    return load(os.environ | {"HOTLINE_DATA": str(data)})


def hotline(*words: str) -> Result:
    return CliRunner().invoke(app, ["channel", *words])


async def put(data: Path, channel: str) -> None:
    outgoing = Outgoing(EffectKey(f"t-{channel}"), "text", PersonId("per_1"), {"channel": channel})
    await FileOutbox(data, TEXTS).put(outgoing)


async def test_the_list_has_every_channel_and_what_waits_for_it(data: Path) -> None:
    await put(data, "sms")
    told = json.loads(hotline("list", "--json").stdout)
    assert [(one["channel"], one["kind"], one["receives_at"], one["waiting"]) for one in told] == [
        ("sms", "sms", "/hooks/sms", 1), ("shop", "webhook", "/hooks/shop", 0),
    ]  # fmt: skip
    assert secret(KEY) not in hotline("list").stdout


def test_a_secret_is_made_once_is_ours_alone_and_the_site_file_can_use_it(data: Path) -> None:
    made = hotline("secret", "line")
    file = data / "secrets/channel-line"
    assert made.exit_code == 0 and len(key_of(file.read_text().strip())) == 32
    assert file.stat().st_mode & 0o077 == 0 and file.read_text().strip() not in made.stdout
    again = hotline("secret", "line")
    assert again.exit_code == 1 and "--new" in again.stderr
    assert hotline("secret", "line", "--new").exit_code == 0
    both = ["${file:secrets/channel-line}", "${file:secrets/channel-line.new}"]
    write(data, {"line": {"secrets": both}})
    assert len(settings(data).site.channels["line"].secrets) == 2
    assert hotline("secret", "../x").exit_code == 1


def test_a_text_is_asked_for_with_who_asks(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def ask(what: str, **fields: Any) -> dict[str, str]:
        asked.append((what, fields))
        return {"text": "txt_1", "state": "queued"}

    monkeypatch.setattr(channels, "ask", ask)
    monkeypatch.setattr(channels, "login", lambda: "ann")
    done = hotline("send", "sms", "--number", "13800138000", "--text", "hello", "--json")
    assert json.loads(done.stdout) == {"text": "txt_1", "state": "queued"}
    assert asked == [("text send", {"channel": "sms", "words": "hello", "who": "ann",
                                    "number": "13800138000"})]  # fmt: skip
    both = hotline("send", "sms", "--number", "1", "--customer", "per_1", "--text", "x")
    assert both.exit_code == 1 and "--customer" in both.stderr


@pytest.mark.parametrize(
    ("change", "why"),
    [({"voice": TWO["shop"]}, "our own"),
     ({"a": TWO["shop"], "b": TWO["shop"]}, "a has the same"),
     ({"a": {**TWO["shop"], "queue": "suport"}}, "no queue 'suport'"),
     ({"a": {"secrets": ["${file:secrets/gone}"]}}, "gone")],
)  # fmt: skip
def test_channels_that_do_not_fit_are_named(data: Path, change: dict[str, Any], why: str) -> None:
    write(data, change)
    with pytest.raises(BadSettings) as bad:
        settings(data)
    assert any(why in fault for fault in bad.value.faults), bad.value.faults
    assert secret(OLD_KEY) not in str(bad.value.faults)


async def test_the_doctor_says_what_waits_too_long_and_what_goes_out_in_the_clear(
    data: Path,
) -> None:
    assert [finding.what for finding in of_channels(settings(data))] == ["channels"]
    for channel in ("sms", "gone"):
        await put(data, channel)
    write(data, {**TWO, "shop": {**TWO["shop"], "url": "http://192.0.2.1/x", "plain": True}})
    at = (data / TEXTS).stat().st_mtime + 660
    found = of_channels(settings(data), at)
    assert [finding.level for finding in found] == ["warn"] * 3
    told = " ".join(finding.what for finding in found)
    assert "shop go out in the clear" in told and "sms, the oldest for 11 minutes" in told
    assert "gone, which is not in site.yaml" in told
    write(data, {})
    assert of_channels(settings(data)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_the_cards_can_be_used(data: Path, page: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    (data / "site.yaml").write_text(example)
    assert settings(data).site.channels


def test_the_example_of_the_gateway_can_be_used(data: Path) -> None:
    (data / "site.yaml").write_text((ROOT / "examples/sms-gateway/site.yaml").read_text())
    assert settings(data).site.channels["sms"].capabilities.sends


def test_both_languages_of_a_card_show_the_same_example() -> None:
    assert len(PAGES) == 4
    for page in PAGES:
        other = page.with_name(page.name.replace(".zh", ""))
        shown = [
            re.findall(r"```yaml\n.*?```", one.read_text(), re.DOTALL) for one in (page, other)
        ]
        assert shown[0] == shown[1]
