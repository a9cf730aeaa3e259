"""A flow as data: steps, each with typed fields and the outcomes that it can end in.

A step kind is a class in one of the modules `ivr.steps_*` (its fields and outcomes), a line in
`KINDS` and a function in `ivr.perform` (what it does). An outcome names the next step; a kind
without outcomes ends the conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.spoken_values import placeholders
from ivr.step import (
    DONE,
    KEYS,
    NO_MATCH,
    SILENCE,
    TOO_MANY,
    AnyStep,
    Outcome,
    Spoken,
    StepName,
    Words,
)
from ivr.steps_asking import AskStep
from ivr.steps_calling import FlowStep, ReturnStep
from ivr.steps_closing import ClosureStep
from ivr.steps_deciding import BranchStep, HoursStep, SetStep
from ivr.steps_leaving import MessageStep, RecordStep, TicketStep
from ivr.steps_outside import LookupStep
from ivr.steps_promising import CallbackStep
from ivr.steps_proving import VerifyStep
from ivr.steps_python import PythonStep
from ivr.steps_spilling import OverflowStep
from ivr.steps_survey import SurveyStep
from ivr.steps_talking import GoodbyeStep, ListenStep, MenuStep, SayStep
from ivr.steps_transferring import TransferStep
from ivr.steps_waiting import TALKED, Announcement, QueueStep
from voice.ports import Prompt

__all__ = [
    "DONE",
    "KEYS",
    "KINDS",
    "NO_MATCH",
    "SILENCE",
    "TALKED",
    "TOO_MANY",
    "Announcement",
    "AnyStep",
    "AskStep",
    "BranchStep",
    "CallbackStep",
    "ClosureStep",
    "Flow",
    "FlowStep",
    "GoodbyeStep",
    "HoursStep",
    "ListenStep",
    "LookupStep",
    "MenuStep",
    "MessageStep",
    "Outcome",
    "OverflowStep",
    "PythonStep",
    "QueueStep",
    "RecordStep",
    "ReturnStep",
    "SayStep",
    "SetStep",
    "Spoken",
    "Step",
    "StepName",
    "SurveyStep",
    "TicketStep",
    "TransferStep",
    "VerifyStep",
    "Words",
    "prompt",
]

Step = (
    SayStep
    | AskStep
    | MenuStep
    | ListenStep
    | SetStep
    | BranchStep
    | HoursStep
    | LookupStep
    | PythonStep
    | RecordStep
    | TicketStep
    | MessageStep
    | FlowStep
    | ReturnStep
    | VerifyStep
    | CallbackStep
    | OverflowStep
    | TransferStep
    | QueueStep
    | SurveyStep
    | ClosureStep
    | GoodbyeStep
)
KINDS: dict[str, type[Step]] = {
    "say": SayStep,
    "ask": AskStep,
    "menu": MenuStep,
    "listen": ListenStep,
    "set": SetStep,
    "branch": BranchStep,
    "hours": HoursStep,
    "lookup": LookupStep,
    "python": PythonStep,
    "record": RecordStep,
    "ticket": TicketStep,
    "message": MessageStep,
    "flow": FlowStep,
    "return": ReturnStep,
    "verify": VerifyStep,
    "callback": CallbackStep,
    "overflow": OverflowStep,
    "transfer": TransferStep,
    "queue": QueueStep,
    "survey": SurveyStep,
    "closure": ClosureStep,
    "goodbye": GoodbyeStep,
}


@dataclass(frozen=True, slots=True)
class Flow:
    """A conversation, checked: made by `ivr.load` only."""

    name: str
    first: StepName
    steps: Mapping[StepName, Step]
    languages: tuple[str, ...]
    """Every prompt has each of them; the first is spoken where a caller's own is unknown."""
    version: str = ""
    """As a call remembers it: `main/3` when published, `main/file-` and a digest when not."""
    sure: Mapping[StepName, frozenset[str]] = field(default_factory=dict)
    """The values that every caller has who comes to a step."""
    is_called: bool = False
    """It is there to be called by other flows: it comes back, or needs what they collect. No
    number leads to it."""

    @property
    def secrets(self) -> frozenset[str]:
        """The values that are to be seen by nobody."""
        asked = (step for step in self.steps.values() if isinstance(step, ListenStep))
        return frozenset(step.into for step in asked if step.secret)

    def after(self, step: StepName, outcome: Outcome) -> StepName:
        """The next step; empty when the flow has ended."""
        return self.steps[step].then.get(outcome, "")

    def prompts(self) -> list[Prompt]:
        """Everything that can be said before a call is there (`{wait}` not filled in): what holds
        a caller's values is left out."""
        said = [
            prompt(spoken, language)
            for step in self.steps.values()
            for _, spoken in step.spoken()
            for language in self.languages
        ]
        return [one for one in said if not any(placeholders(one.text))]


def prompt(spoken: Spoken, language: str) -> Prompt:
    """What is said, in one of its languages."""
    words = spoken[language]
    return Prompt(words.text, language, words.recorded)
