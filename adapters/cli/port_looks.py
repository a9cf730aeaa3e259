"""Of the doctor: whether core and web can have their ports."""

from __future__ import annotations

import socket

from adapters.asterisk.bound import why_not_ours
from adapters.asterisk.findings import Finding, Level
from adapters.cli.pid_file import PidFile
from ivr.settings import Settings


def of_ports(settings: Settings) -> list[Finding]:
    """A port of a process that runs is its own."""
    ports = settings.ports
    wanted = (
        ("core", "calls (AGI)", "127.0.0.1", ports.agi),
        ("web", "the web service", settings.web_address, ports.web),
    )
    found = [
        Finding(Level.FAIL, *fault)
        for process, name, address, port in wanted
        if not PidFile(settings.run / f"{process}.pid").running()
        and (fault := why_not_ours(name, address, port, socket.SOCK_STREAM))
    ]
    return found or [Finding(Level.OK, "the ports of core and web are free or ours")]
