"""The data folder of a house in which the core is killed in every kind of step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.asked_service import AskedService
from tests.flow_stage import write_flow
from tests.resume_rows import FUNCTIONS, INNER, LINKS, OTHER_QUEUE, ROWS, TALK_QUEUE, chain

CHAIN = "chain-"
"""Before a kind of step: the flow in which many of them stand in a row."""
AGENT = "agent-1001"
"""Serves `TALK_QUEUE`."""
FLOWS: Mapping[str, Mapping[str, Any]] = {
    **{kind: row.steps for kind, row in ROWS.items()},
    **{f"{CHAIN}{kind}": chain(kind) for kind in LINKS},
}


def furnish(service: AskedService) -> Callable[[Path], None]:
    """A number and a flow for each row, and for each chain."""

    def write(data: Path) -> None:
        for name, steps in {**FLOWS, "inner": INNER}.items():
            write_flow(data, name, steps)
        site = yaml.safe_load((data / "site.yaml").read_text())
        site["numbers"] = {dialled(name): {"flow": name, "language": "en"} for name in FLOWS}
        site["services"] = {"asked": {"url": f"http://127.0.0.1:{service.port}"}}
        site["steps"] = "steps"
        site["destinations"] = {"desk": {"phone": "desk"}}
        site["phones"] = {AGENT: {}}
        (data / "site.yaml").write_text(yaml.safe_dump(site))
        (data / "steps").mkdir()
        root = f'ROOT = "http://127.0.0.1:{service.port}"\n'
        (data / "steps" / "functions.py").write_text(root + FUNCTIONS)
        centre = yaml.safe_load((data / "centre.yaml").read_text())
        centre["queues"] |= {OTHER_QUEUE: {}, TALK_QUEUE: {"wrap_up_seconds": 0}}
        centre["agents"] = {AGENT: {"queues": [TALK_QUEUE]}}
        (data / "centre.yaml").write_text(yaml.safe_dump(centre))

    return write


def dialled(name: str) -> str:
    """The number of a flow."""
    return str(4100 + list(FLOWS).index(name))
