"""The guides say what the program does: their examples load, and no kind or field is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ivr.centre_file import CentreFile
from ivr.flow import KEYS, KINDS, TOO_MANY, Announcement, BranchStep, MenuStep, Words
from ivr.load import OWN_FLOWS, load
from tests.fakes_calls import FLOWS, HOUSE, flow_of

ROOT = Path(__file__).parent.parent.parent
GUIDES = [ROOT / "docs" / "guides" / name for name in ("flows.md", "flows.zh.md")]
README = (OWN_FLOWS / "README.md").read_text(encoding="utf-8")


def examples(guide: Path) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_example_in_the_guide_loads(guide: Path, tmp_path: Path) -> None:
    assert len(examples(guide)) > 5
    for example in examples(guide):
        if example.startswith("first:"):
            assert flow_of(example, tmp_path)
        else:
            assert CentreFile.model_validate(yaml.safe_load(example)).schedules()


def test_both_languages_have_the_same_examples() -> None:
    assert examples(GUIDES[0]) == examples(GUIDES[1])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_step_is_described_with_its_fields_and_outcomes(kind: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{kind}` |"))
    for field in KINDS[kind].model_fields.keys() - {"do", "then", "at_most"}:
        assert f"`{field}`" in row
    steps = load(FLOWS / "good" / "every-kind.yaml", HOUSE).steps.values()
    example = next(step for step in steps if step.do == kind)
    named_by_the_author = set(example.cases) if isinstance(example, BranchStep) else set()
    for outcome in example.outcomes() - KEYS - {TOO_MANY} - named_by_the_author:
        assert f"`{outcome}`" in row


def test_what_all_steps_share_is_described() -> None:
    shared = {"then", "at_most", *Announcement.model_fields, *MenuStep.model_fields}
    for field in shared - {"do"}:
        assert f"`{field}`" in README
    assert all(field in README for field in Words.model_fields)
