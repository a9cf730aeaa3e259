"""The data folder of a house in which the core is killed in every kind of step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.asked_service import AskedService
from tests.flow_stage import write_flow
from tests.resume_rows import FUNCTIONS, INNER, OTHER_QUEUE, ROWS, chain

CHAIN = "chain"


def furnish(service: AskedService) -> Callable[[Path], None]:
    """A number and a flow for each kind, and one for the chain."""

    def write(data: Path) -> None:
        flows: dict[str, Mapping[str, Any]] = {kind: row.steps for kind, row in ROWS.items()}
        flows |= {CHAIN: chain(), "inner": INNER}
        for name, steps in flows.items():
            write_flow(data, name, steps)
        site = yaml.safe_load((data / "site.yaml").read_text())
        site["numbers"] = {
            dialled(name): {"flow": name, "language": "en"} for name in [*ROWS, CHAIN]
        }
        site["services"] = {"asked": {"url": f"http://127.0.0.1:{service.port}"}}
        site["steps"] = "steps"
        site["destinations"] = {"desk": {"phone": "desk"}}
        (data / "site.yaml").write_text(yaml.safe_dump(site))
        (data / "steps").mkdir()
        root = f'ROOT = "http://127.0.0.1:{service.port}"\n'
        (data / "steps" / "functions.py").write_text(root + FUNCTIONS)
        centre = yaml.safe_load((data / "centre.yaml").read_text())
        centre["queues"][OTHER_QUEUE] = {}
        (data / "centre.yaml").write_text(yaml.safe_dump(centre))

    return write


def dialled(name: str) -> str:
    """The number of a kind's flow."""
    return str(4100 + [*ROWS, CHAIN].index(name))
