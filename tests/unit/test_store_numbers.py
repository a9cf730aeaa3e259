"""One form for a telephone number."""

from __future__ import annotations

import pytest

from ivr.phone_numbers import normal_number


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "+86 138 0013 8000",
        "0086-138-0013-8000",
        "+8613800138000",
        "８６ １３８００１３８０００".replace("８６ ", "+86"),
        "tel:+86-138-0013-8000",
    ],
)
def test_ways_to_write_a_mobile_number_are_one(written: str) -> None:
    assert normal_number(written, "CN") == "+8613800138000"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("010-88886666", "+861088886666"),
        ("4008123123", "+864008123123"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+1 (212) 555-0123", "+12125550123"),
    ],
)
def test_fixed_and_foreign_numbers_become_e164(written: str, normal: str) -> None:
    assert normal_number(written, "CN") == normal


@pytest.mark.parametrize("written", ["1001", "10086", "95588", "100", "8888"])
def test_extensions_and_short_codes_stay_as_they_are(written: str) -> None:
    assert normal_number(f" {written} ", "CN") == written


@pytest.mark.parametrize(
    ("written", "normal"), [("Alice", "alice"), ("sipp-7", "sipp-7"), (" ", ""), ("", "")]
)
def test_names_in_place_of_numbers_stay_names(written: str, normal: str) -> None:
    assert normal_number(written, "CN") == normal


def test_the_region_decides_what_a_national_number_means() -> None:
    assert normal_number("020 7946 0958", "GB") == "+442079460958"


def test_endless_text_is_cut() -> None:
    assert len(normal_number("9" * 5000, "CN")) == 64
