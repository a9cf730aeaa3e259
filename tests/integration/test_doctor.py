"""Each thing that a doctor must find, on an installation broken in that one way."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator

import pytest

from adapters.asterisk import doctor
from adapters.asterisk.doctor import examine
from adapters.asterisk.findings import Finding, Level
from adapters.asterisk.instance import Instance
from adapters.cli.prompts import make_prompts
from ivr.settings import Settings
from tests import rig

pytestmark = pytest.mark.asterisk

STRONG = {"a1": {"secret": "correct horse battery"}}


@pytest.fixture
def instance() -> Iterator[Instance]:
    with rig.installation(plan=STRONG) as settings:
        made = Instance(settings)
        made.render()
        rig.stand_ins(made)
        (settings.data / "site.yaml").chmod(0o600)
        yield made


async def bad(settings: Settings) -> list[Finding]:
    """What is wrong, but for what is always so in a test."""
    usual = ("Asterisk does not run", "Hotline runs as root")
    found = await examine(settings)
    assert all(finding.remedy.endswith(".") for finding in found if finding.level != Level.OK)
    faults = [f for f in found if f.level != Level.OK and f.what not in usual]
    return [f for f in faults if not f.what.startswith("not tried on")]


async def test_a_sound_installation_has_nothing_wrong(instance: Instance) -> None:
    assert await bad(instance.settings) == []


def _no_program(instance: Instance) -> None:
    (instance.settings.home / "tools").unlink()


def _no_prompt(instance: Instance) -> None:
    (instance.folders.sounds / "zh" / "menu.ulaw").unlink()


def _no_prompts_yet(instance: Instance) -> None:
    shutil.rmtree(instance.folders.sounds)


def _no_music(instance: Instance) -> None:
    (instance.folders.music / "hold.ulaw").unlink()


def _no_use_of_a_folder(instance: Instance) -> None:
    (instance.folders.run / "cache").chmod(0o500)


def _open_secret(instance: Instance) -> None:
    instance.settings.secrets.chmod(0o755)
    (instance.settings.secrets / "ami").chmod(0o644)


def _short_secret(instance: Instance) -> None:
    (instance.settings.secrets / "agi").write_text("1234")


def _open_site_file(instance: Instance) -> None:
    (instance.settings.data / "site.yaml").chmod(0o644)
    instance.settings.data.chmod(0o711)


@pytest.mark.parametrize(
    ("break_it", "level", "what"),
    [
        (_no_program, Level.FAIL, "there is no Asterisk"),
        (_no_prompt, Level.FAIL, "zh/menu"),
        (_no_prompts_yet, Level.WARN, "no prompts are made yet"),
        (_no_music, Level.WARN, "no hold music"),
        (_no_use_of_a_folder, Level.FAIL, "cannot use"),
        (_open_secret, Level.FAIL, "secrets/ami"),
        (_short_secret, Level.FAIL, "agi is short"),
        (_open_site_file, Level.FAIL, "site.yaml"),
    ],
)
async def test_one_fault_is_found(
    instance: Instance, break_it: Callable[[Instance], None], level: Level, what: str
) -> None:
    break_it(instance)
    found = await bad(instance.settings)
    assert (level, True) in [(finding.level, what in finding.what) for finding in found]


async def test_a_busy_port_is_found(instance: Instance) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", instance.settings.ports.ami))
        other.listen()
        [finding] = await bad(instance.settings)
    assert str(instance.settings.ports.ami) in finding.what and finding.level == Level.FAIL


async def test_an_ami_open_to_the_world_is_found(instance: Instance) -> None:
    with socket.create_server(("0.0.0.0", instance.settings.ports.ami)):  # noqa: S104
        found = await bad(instance.settings)
    assert any("reached from outside" in finding.what for finding in found)


async def test_a_version_below_the_fixed_release_is_found(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "is_fixed", lambda told, table: False)
    [finding] = await bad(instance.settings)
    assert "lacks security fixes" in finding.what and "setup" in finding.remedy


async def test_a_missing_module_is_found(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "module_names", lambda: ["chan_of_dreams.so"])
    [finding] = await bad(instance.settings)
    assert "chan_of_dreams.so" in finding.what


async def test_a_full_disk_and_a_wrong_clock_are_found(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(instance.settings.data)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr("adapters.asterisk.doctor.time.time", lambda: 1000.0)
    found = await bad(instance.settings)
    assert {finding.level for finding in found} == {Level.FAIL}
    assert any("10 MB are free" in finding.what for finding in found)
    assert any("clock" in finding.what for finding in found)


async def test_weak_passwords_on_an_open_address_fail() -> None:
    with rig.installation(phones=2, listen="0.0.0.0") as settings:  # noqa: S104
        found = await bad(settings)
    assert "easy to guess: a1, a2" in "".join(f.what for f in found if f.level == Level.FAIL)
    assert "without encryption" in "".join(f.what for f in found if f.level == Level.WARN)


async def test_phones_that_are_not_registered_are_named(instance: Instance) -> None:
    instance.start()
    try:
        async with rig.phone(instance, "a1") as phone:
            assert "phones are not registered: a1" in [
                finding.what for finding in await bad(instance.settings)
            ]
            phone.secret = STRONG["a1"]["secret"]
            await phone.register()
            assert await bad(instance.settings) == []
    finally:
        instance.stop()


async def test_it_changes_nothing() -> None:
    with rig.installation() as settings:
        before = sorted(settings.home.rglob("*")) + sorted(settings.data.rglob("*"))
        await examine(settings)
        assert sorted(settings.home.rglob("*")) + sorted(settings.data.rglob("*")) == before


@pytest.mark.parametrize(
    ("system", "machine", "tried"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, "x86_64", True),
        ({"ID": "debian", "VERSION_ID": "13"}, "x86_64", True),
        ({"ID": "debian", "VERSION_ID": "13"}, "aarch64", False),
        ({"ID": "ubuntu", "VERSION_ID": "24.04", "PRETTY_NAME": "Ubuntu 24.04"}, "x86_64", False),
        ({"ID": "debian"}, "x86_64", False),
    ],
)
async def test_a_system_that_it_was_not_tried_on_is_told_as_such(
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
    system: dict[str, str],
    machine: str,
    tried: bool,
) -> None:
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    told = [f for f in await examine(instance.settings) if f.what.startswith("not tried on")]
    assert [f.level for f in told] == ([] if tried else [Level.WARN])
    assert all(system.get("PRETTY_NAME", "this system") in f.what for f in told)


async def test_the_remedy_for_prompts_makes_them(instance: Instance) -> None:
    """`./hotline run` does, before Asterisk starts; set-up does not."""
    _no_prompts_yet(instance)
    [told] = [f for f in await examine(instance.settings) if "prompts" in f.what]
    assert "./hotline run" in told.remedy
    await make_prompts(instance.settings, [])
    assert not [f for f in await bad(instance.settings) if "prompts" in f.what]
