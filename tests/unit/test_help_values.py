"""Numbers of help in the dialplan."""

from __future__ import annotations

from pathlib import Path

from adapters.asterisk import help_values
from ivr.phone_numbers import numbers_of_help
from ivr.settings import load

SITE = """
trunks:
  first: {address: "192.0.2.10:5060", caller_ids: ["+861012345678"]}
  second: {address: "192.0.2.11:5060", caller_ids: ["+861087654321"]}
  deaf: {address: "192.0.2.12:5060"}
"""


def entries(tmp_path: Path, site: str) -> str:
    data = tmp_path / "data"
    data.mkdir()
    (data / "site.yaml").write_text(site)
    (data / "centre.yaml").write_text("queues: {support: {}}\nagents: {}\n")
    settings = load({"HOTLINE_HOME": str(tmp_path / "home"), "HOTLINE_DATA": str(data)})
    return help_values.values(settings)["NUMBERS_OF_HELP"]


def test_help_is_what_the_country_calls_so() -> None:
    assert numbers_of_help("CN") == {"110", "119", "120", "122"}
    assert {"112", "999"} <= numbers_of_help("GB")


def test_help_is_called_by_every_trunk_that_has_a_number_whatever_may_be_dialled(
    tmp_path: Path,
) -> None:
    found = entries(tmp_path, SITE + "outbound: {emergency: ['12345']}\n")
    assert [line.split()[2] for line in found.splitlines() if line.startswith("exten")] == [
        f"{number},1,NoOp()" for number in ("110", "119", "120", "122", "12345")
    ]
    police = found.split("exten")[1]
    assert "Set(ROUTE_1=110@trunk.first)" in police and "Set(FROM_1=+861012345678)" in police
    assert "Set(ROUTE_2=110@trunk.second)" in police and "Set(ROUTE_3=)" in police


def test_a_house_without_a_trunk_has_no_way_to_help(tmp_path: Path) -> None:
    assert entries(tmp_path, "") == ""
