"""The addresses at which we listen: checked where they are read, shown as they can be dialled."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.cli.commands import app
from ivr import addresses
from ivr.addresses import dialled_at, near
from ivr.settings import BadSettings, load

ANY = "0.0.0.0"  # noqa: S104 - never bound here


def read(tmp_path: Path, site: str) -> tuple[str, str]:
    """What `listen` and `listen_web` of this site file mean."""
    (tmp_path / "site.yaml").write_text(site)
    settings = load({"HOTLINE_DATA": str(tmp_path), "HOTLINE_HOME": str(tmp_path / "home")})
    return settings.site.listen, settings.web_address


@pytest.mark.parametrize(
    ("site", "both"),
    [
        ("listen: 192.0.2.10", ("192.0.2.10", "192.0.2.10")),
        ("listen: 0.0.0.0\nlisten_web: 127.0.0.1", (ANY, "127.0.0.1")),
        ("listen: '2001:DB8::1'", ("2001:db8::1", "2001:db8::1")),
        ("", ("127.0.0.1", "127.0.0.1")),
    ],
)
def test_an_address_is_taken(tmp_path: Path, site: str, both: tuple[str, str]) -> None:
    assert read(tmp_path, site) == both


@pytest.mark.parametrize("key", ["listen", "listen_web"])
@pytest.mark.parametrize("name", ["localhost", "mybox.lan", "192.0.2", "127.0.0.1:5060"])
def test_what_is_no_address_is_refused_with_place_and_remedy(
    tmp_path: Path, key: str, name: str
) -> None:
    with pytest.raises(BadSettings) as bad:
        read(tmp_path, f"{key}: {name}")
    [fault] = bad.value.faults
    assert fault.startswith(f"{tmp_path / 'site.yaml'}: {key}: '{name}' is no address")
    assert "127.0.0.1 for this machine alone" in fault


def test_a_name_is_no_external_address_either(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"external_address: .pbx\.example\.com. is no address"):
        read(tmp_path, "external_address: pbx.example.com")


def test_the_demo_refuses_it_before_anything_is_started() -> None:
    told = CliRunner().invoke(app, ["demo", "--listen", "localhost"])
    assert told.exit_code == 2
    assert "'localhost' is no address" in " ".join(told.output.split())


def test_every_address_of_this_machine_is_none_that_can_be_dialled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "_towards", lambda family, far: "192.0.2.10")
    assert dialled_at(ANY) == dialled_at("::") == "192.0.2.10"
    assert dialled_at("198.51.100.7") == "198.51.100.7"
    assert (near(ANY), near("::"), near("192.0.2.10")) == ("127.0.0.1", "::1", "192.0.2.10")


def test_a_machine_without_a_network_can_be_dialled_on_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "_towards", lambda family, far: None)
    assert (dialled_at(ANY), dialled_at("::")) == ("127.0.0.1", "::1")
