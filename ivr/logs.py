"""Logs as JSON lines: one line per thing that happened, fields instead of sentences."""

from __future__ import annotations

import logging
import sys
import time

from pythonjsonlogger.json import JsonFormatter

_LIBRARIES = {
    "panoramisk": logging.ERROR,
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
}
"""What libraries say of their own work is of interest from this level on."""


def configure(level: str, process: str) -> None:
    """Send this process's log lines to standard error, each with the name of the process."""
    lines = JsonFormatter(
        "{asctime}{levelname}{name}{message}",
        style="{",
        rename_fields={"asctime": "at", "levelname": "level", "name": "where"},
        static_fields={"process": process},
        json_ensure_ascii=False,
    )
    lines.converter = time.gmtime
    lines.default_time_format, lines.default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(lines)
    logging.basicConfig(level=level.upper(), handlers=[stream], force=True)
    for library, least in _LIBRARIES.items():
        logging.getLogger(library).setLevel(least)
