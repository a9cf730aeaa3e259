"""Two networks on one machine, joined by a cable: namespaces of Linux, gone afterwards.

Addresses are those set aside for documentation (192.0.2.0/24): no packet leaves the machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

HERE, THERE = "192.0.2.1", "192.0.2.2"


@dataclass(frozen=True)
class Network:
    """One of the two: the name of its namespace, and its address."""

    name: str
    address: str

    def command(self, *words: str) -> list[str]:
        """The command line that runs this one inside."""
        return ["ip", "netns", "exec", self.name, *words]


@contextmanager
def two_networks() -> Iterator[tuple[Network, Network]]:
    """Here and there; skips the test where this user may not make networks."""
    if os.geteuid() != 0:
        pytest.skip("networks of one's own need root")
    if not shutil.which("ip"):
        pytest.skip("networks of one's own need the command ip (package iproute2)")
    found = [Network(f"hotline-{os.getpid()}-{n}", a) for n, a in enumerate((HERE, THERE))]
    try:
        _joined(found)
        yield found[0], found[1]
    finally:
        for network in found:  # the cable goes with them
            subprocess.run(["ip", "netns", "delete", network.name], capture_output=True)


def _joined(networks: Sequence[Network]) -> None:
    ends = [f"hl{os.getpid() % 100_000}{end}" for end in "ab"]
    for network in networks:
        made = subprocess.run(["ip", "netns", "add", network.name], capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"no networks of one's own on this machine: {made.stderr.strip()}")
    _ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
    for network, end in zip(networks, ends, strict=True):
        _ip("link", "set", end, "netns", network.name)
        _ip("-n", network.name, "address", "add", f"{network.address}/24", "dev", end)
        for name in ("lo", end):
            _ip("-n", network.name, "link", "set", name, "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
