"""The language of a number is one that the house speaks; without one it is the house's first."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.asterisk import site_values
from ivr.faults import BadSettings
from ivr.settings import Settings, load


def settings(root: Path, site: str) -> Settings:
    (root / "site.yaml").write_text(site, encoding="utf-8")
    return load({"HOTLINE_HOME": str(root / "home"), "HOTLINE_DATA": str(root)})


@pytest.mark.parametrize(
    ("site", "spoken"),
    [
        ("{}", "zh"),
        ("languages: [en]", "en"),
        ('languages: [en, zh]\nnumbers: {"4000": {}}', "en"),
        ('languages: [en, zh]\nnumbers: {"4000": {language: }}', "en"),
        ('languages: [en, zh]\nnumbers: {"4000": {language: zh}}', "zh"),
    ],
)
def test_callers_hear_the_language_of_the_number_or_the_first_of_the_house(
    tmp_path: Path, site: str, spoken: str
) -> None:
    given = settings(tmp_path, site)
    assert given.site.numbers["4000"].language == spoken
    assert f"LANG={spoken})" in site_values.values_of(given)["NUMBER_DEFAULTS"]


@pytest.mark.parametrize(
    ("site", "place"),
    [
        ('languages: [en]\nnumbers: {"4000": {language: zh}}', "numbers.4000.language: 'zh'"),
        ('numbers: {"4000": {language: xx}}', "numbers.4000.language: 'xx'"),
        ("languages: []", "languages: "),
    ],
)
def test_a_language_that_nobody_speaks_here_is_told_with_its_place(
    tmp_path: Path, site: str, place: str
) -> None:
    with pytest.raises(BadSettings) as bad:
        settings(tmp_path, site)
    [fault] = bad.value.faults
    assert place in fault and fault.startswith(("site.yaml", str(tmp_path)))


def test_what_is_spoken_instead_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="the site's languages are zh, en"):
        settings(tmp_path, 'numbers: {"4000": {language: cn}}')
