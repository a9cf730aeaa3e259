"""A call, from ring to goodbye. Read this page first.

Asterisk answers the telephone and runs one script a call; the script is `take_call`. It walks the
caller through a flow (`ivr/flows/main.yaml`) until one of two ends: the caller hears goodbye, or
waits for a person. Who waits is kept by Asterisk, with music, and needs nothing of this process;
`ivr/distributor.py` decides which agent rings next.

Two things can come between. The caller hangs up: that is `CallerGone`, raised by the line wherever
the walk happens to be. Or something of ours fails: then the script simply ends, and Asterisk, which
was not told that it is done, runs it again, in the step that the call itself remembers. If that
does not help within ten seconds, a plain menu in Asterisk leads the caller into the same queue.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from acd.schedule import Schedule
from ivr.flow import TALKED, TOO_MANY, Flow, Outcome, QueueStep, Step, StepName
from ivr.neighbours import NONE, Neighbours
from ivr.out_of_line import way_of
from ivr.perform import perform
from ivr.perform_by_text import perform_by_text
from ivr.ports import (
    Acceptance,
    CallerGone,
    CallFacts,
    Clock,
    Line,
    PersonId,
    StoreFailed,
    StoreRefused,
)
from ivr.session import Session

log = logging.getLogger(__name__)

BEGIN_SECONDS = 1.0
NOTE_SECONDS = 0.5
LET_OUT_SECONDS = 1.0


async def take_call(
    line: Line,
    flow: Flow,
    acceptance: Acceptance,
    clock: Clock,
    hours: Mapping[str, Schedule],
    neighbours: Neighbours = NONE,
    *,
    by_text: bool = False,
) -> list[str]:
    """Walk the caller through the flow; the trail of steps and outcomes. `by_text`: they are a
    customer who reads and writes."""
    facts = line.facts
    language = facts.language if facts.language in flow.languages else flow.languages[0]
    call = Session(line, acceptance, clock, hours, flow.languages, language, flow.version)
    call.neighbours, call.by_text, call.secrets = neighbours, by_text, flow.secrets
    call.visits.update(facts.visits)
    step = _where_it_was(flow, facts, call)
    try:
        await line.answer()
        call.person = await _begin(call)
        step = await _let_in(flow, call, step)
        while step:
            await line.remember(step, call.visits, flow.version, values=call.values)
            outcome = await _once(step, flow.steps[step], call)
            call.begun_before = False
            await _note(call, step, outcome)
            step = flow.after(step, outcome)  # none: the conversation is over
    except CallerGone:
        await _note(call, step, "caller gone")
    except Exception:
        # The dialplan goes on: it runs the script again, and after ten seconds does without us.
        log.exception("script broke off", extra={"contact": facts.contact, "step": step})
        call.trail.append(f"{step}:broke off")
    log.info("script ended", extra={"contact": facts.contact, "trail": call.trail})
    return call.trail


def _where_it_was(flow: Flow, facts: CallFacts, call: Session) -> StepName:
    """The step that the call remembers, with what it had collected; else the first, with nothing:
    the flow may be another by now, and ask for a value that nobody has collected."""
    if _can_go_on(flow, facts):
        call.values.update(facts.values)
        call.begun_before = True
        return facts.step
    return flow.first


def _can_go_on(flow: Flow, facts: CallFacts) -> bool:
    needed = flow.sure.get(facts.step, frozenset())
    return facts.step in flow.steps and needed <= facts.values.keys()


async def _let_in(flow: Flow, call: Session, step: StepName) -> StepName:
    """The step to go on with: this one, unless the talk is over already, or the caller is blocked
    and turned away (none, empty)."""
    facts, gate = call.line.facts, call.neighbours.gate
    if facts.talked and not facts.left:
        return await _after_the_talk(flow, call)
    call.listed = gate.listed(call.person)
    if facts.left:
        return await _out_of_line(flow, call, step)
    if not gate.turns_away(call.listed):
        return step
    await gate.turn_away(call.line, call.acceptance, call.language)
    call.trail.append("turned away")
    return ""


async def _after_the_talk(flow: Flow, call: Session) -> StepName:
    """The step to go on with when the agent has hung up. None (empty) where the flow is not as it
    was: callers who have been served must not hear the welcome; the dialplan says goodbye."""
    facts = call.line.facts
    waited = flow.steps.get(facts.step)
    if isinstance(waited, QueueStep):
        await _note(call, facts.step, TALKED)
        _leave(call, waited)
        return flow.after(facts.step, TALKED)
    return facts.step if _can_go_on(flow, facts) else ""


async def _out_of_line(flow: Flow, call: Session, step: StepName) -> StepName:
    """The step to go on with when a waiting caller comes back into the flow; `step`: where a script
    that begins again goes on. None (empty) where the flow is not as it was: then they wait on."""
    facts = call.line.facts
    try:
        async with asyncio.timeout(LET_OUT_SECONDS):
            await call.acceptance.let_out(facts)
    except (TimeoutError, StoreFailed) as fault:
        log.warning("may be rung outside of the loop", extra=_why(call, fault))
    following = way_of(flow, facts.step, facts.left)
    if following is None:
        return step if _can_go_on(flow, facts) else ""
    await _note(call, facts.step, facts.left)
    _leave(call, flow.steps[facts.step])
    return following


def _leave(call: Session, waited: Step) -> None:
    """The queue where the caller waited is behind them: what comes now has not begun yet."""
    if waited.is_counted:
        call.visits[call.line.facts.step] += 1  # the line has only those before this one
    call.begun_before = False


async def _once(name: StepName, step: Step, call: Session) -> Outcome:
    """Perform the step, unless the caller has been there too often. The line remembers the number
    of visits before this one, so that a script that begins again counts it as the same."""
    call.step = name
    if step.is_counted:
        call.visits[name] += 1
    if step.at_most and call.visits[name] > step.at_most:
        return TOO_MANY
    return await (perform_by_text if call.by_text else perform)(step, call)


async def _begin(call: Session) -> PersonId | None:
    """Who calls, as far as can be told in time: nobody is kept waiting for it."""
    try:
        async with asyncio.timeout(BEGIN_SECONDS):
            return await call.acceptance.begin(call.line.facts)
    except (TimeoutError, StoreFailed, StoreRefused) as fault:
        log.warning("caller not looked up, taken as on no list", extra=_why(call, fault))
        return None


async def _note(call: Session, step: StepName, outcome: Outcome) -> None:
    """Tell the journal how a step ended; the call goes on even if the journal does not."""
    call.trail.append(f"{step}:{outcome}")
    try:
        async with asyncio.timeout(NOTE_SECONDS):
            taken = {"step": step, "outcome": outcome, "flow": call.version}
            await call.acceptance.note(call.line.facts.contact, "StepTaken", taken)
    except (TimeoutError, StoreFailed) as fault:
        log.warning("step not noted", extra=_why(call, fault))


def _why(call: Session, fault: Exception) -> dict[str, str]:
    return {"contact": call.line.facts.contact, "why": str(fault) or "not in time"}
