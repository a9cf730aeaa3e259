"""Installations of the tests do not get in each other's way."""

from __future__ import annotations

import socket
from itertools import pairwise

import pytest

from tests import ports


@pytest.mark.parametrize("first", [1024, 15_060, 30_000, 64_000])
def test_two_processes_of_the_tests_never_have_the_same_ports(first: int) -> None:
    bases = sorted(ports.in_range(first, place) for place in range(2 * ports.EACH))
    assert all(after - base >= ports.STEP for base, after in pairwise(bases))
    assert bases[0] >= 1024 and bases[-1] + ports.STEP <= 32_768


def test_a_single_port_is_none_that_the_system_gives_to_whoever_asks() -> None:
    given = {ports.reserved_port() for _ in range(10)}
    assert len(given) == 10 and min(given) >= ports.ABOVE
    assert ports.ABOVE + 15 * ports.SINGLE <= 65_536


def test_a_single_port_that_somebody_holds_is_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", ports.reserved_port()))
        taken = held.getsockname()[1]
        assert taken not in {ports.reserved_port() for _ in range(ports.SINGLE)}
