"""Position invariance: what a contact does while it waits does not change who is offered whom.

Hundreds of scenarios here, ten thousand by `python -m tests.campaign_invariants --coupling`.
"""

from __future__ import annotations

from random import Random

from tests.reference.coupling import Played, difference, scenario, smallest

SCENARIOS = 300
SEED = 20


def test_moves_parking_and_crashes_change_no_offer() -> None:
    for n in range(SCENARIOS):
        played = scenario(Random(SEED + n))
        if difference(played):
            found = smallest(played)
            raise AssertionError(f"scenario {SEED + n}: {difference(found)}\n{found}")


def test_the_scenarios_are_disturbed_and_have_offers() -> None:
    """A coupling test whose scenarios had nothing in them would always pass."""
    runs = [Played(scenario(Random(SEED + n)), disturbed=True) for n in range(50)]
    assert sum(run.disturbances for run in runs) > 100
    assert sum(len(run.offers) for run in runs) > 250
