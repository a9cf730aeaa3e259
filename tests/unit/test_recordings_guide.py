"""The guide of recordings tells the truth: its settings and its flow can be used as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ivr.call import take_call
from ivr.settings import ROOT, SiteFile, load
from tests.fakes import FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of

GUIDES = [ROOT / "docs" / "guides" / name for name in ("recordings.md", "recordings.zh.md")]


def blocks(guide: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", guide.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_its_site_file_can_be_used(guide: Path, tmp_path: Path) -> None:
    site, _ = blocks(guide)
    (tmp_path / "site.yaml").write_text(site)
    (tmp_path / "centre.yaml").write_text("queues: {support: {}, complaints: {}}")
    given = load({"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATA": str(tmp_path)}).site
    assert given == SiteFile.model_validate(yaml.safe_load(site))
    policies = [given.recording.policy(queue) for queue in ("support", "complaints", "sales")]
    assert policies == ["ask", "always", "off"]
    assert list(given.listeners) == ["supervisor-1"]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
@pytest.mark.parametrize(("key", "consent"), [("1", "yes"), ("2", "no"), ("", None)])
async def test_its_flow_asks_and_the_answer_is_remembered_before_the_caller_waits(
    guide: Path, key: str, consent: str | None, tmp_path: Path
) -> None:
    _, flow = blocks(guide)
    line = FakeLine(key, "", "")
    acceptance = FakeAcceptance()
    await take_call(line, flow_of(flow, tmp_path), acceptance, StandingClock(), HOURS)
    assert acceptance.enqueued
    assert line.values.get("consent") == consent
