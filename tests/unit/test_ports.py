"""Installations of the tests do not get in each other's way."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests import ports


@pytest.mark.parametrize("first", [1024, 15_060, 30_000, 64_000])
def test_two_processes_of_the_tests_never_have_the_same_ports(first: int) -> None:
    bases = sorted(ports.in_range(first, place) for place in range(2 * ports.EACH))
    assert all(after - base >= ports.STEP for base, after in pairwise(bases))
    assert bases[0] >= 1024 and bases[-1] + ports.STEP <= 32_768
