"""The demo's own installation: fresh state and fresh passwords, apart from anything real.

It shares the tools and spoken prompts of `HOTLINE_HOME`; its state lies in `HOTLINE_HOME/demo` and
is thrown away at the next demo.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ivr.settings import Settings, load

NUMBER = "4000"
AGENTS = ("agent-1001", "agent-1002", "agent-1003")
VISITOR = "visitor"
"""The account for a telephone of your own."""
WRAP_UP_SECONDS = 2.0
LOOPBACK = "127.0.0.1"


def prepare(settings: Settings, language: str, listen: str | None) -> Settings:
    """Write the demo's site and centre; from here on this process and its children use them."""
    data = settings.home / "demo"
    shutil.rmtree(data, ignore_errors=True)
    # Asterisk would wait for phones of the last demo to answer before it believed these.
    (settings.run / "lib" / "astdb.sqlite3").unlink(missing_ok=True)
    data.mkdir(mode=0o700, parents=True)
    for name, content in _files(language, listen or LOOPBACK).items():
        (data / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    os.environ["HOTLINE_DATA"] = str(data)
    os.environ["HOTLINE_HOME"] = str(settings.home)
    os.environ["HOTLINE_PORT_BASE"] = str(settings.ports.base)
    return load()


def _files(language: str, listen: str) -> Mapping[str, Any]:
    return {
        "site.yaml": {
            "listen": listen,
            "listen_web": LOOPBACK,
            "numbers": {NUMBER: {"flow": "main", "language": language, "queue": "support"}},
            "phones": {name: {} for name in (*AGENTS, VISITOR)},
        },
        "centre.yaml": {
            "queues": {"support": {"ring_seconds": 15, "wrap_up_seconds": WRAP_UP_SECONDS}},
            "agents": {agent: {"queues": ["support"]} for agent in AGENTS},
        },
    }


def recordings(settings: Settings) -> list[Path]:
    """What callers and agents say: people's voices from Asterisk's prompt package."""
    folder = settings.tools / "usr" / "share" / "asterisk" / "sounds"
    return [path for name in SPEECH for path in sorted(folder.resolve().rglob(f"{name}.wav"))[:1]]


SPEECH = ("demo-congrats", "demo-instruct", "basic-pbx-ivr-main")


def loaded_megabytes(home: Path) -> float | None:
    """What set-up has fetched for this home; None when it fetched nothing that it knows of."""
    try:
        lines = (home / "downloads" / "loaded").read_text().split()
    except OSError:
        return None
    return sum(float(line) for line in lines) / 1000


def disk_megabytes(home: Path) -> float:
    """What this home takes on disk."""
    run = subprocess.run(["du", "-sk", str(home)], capture_output=True, text=True, timeout=30)
    return int(run.stdout.split()[0]) / 1024 if run.stdout else 0.0
