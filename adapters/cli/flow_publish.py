"""`./hotline flow publish` and `rollback`: a version of a flow is written, and calls go by it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from adapters.cli.login import login
from adapters.cli.output import fail, settings_or_fail, show
from adapters.control.client import CoreClient
from adapters.stores.audit import SqlAudit
from adapters.stores.schema import open_database
from ivr.clock import CentreClock
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.flow_publishing import Publisher, Result
from ivr.flow_versions import FlowVersions
from ivr.ports import Audited, CoreAway, CoreRefused, StoreFailed, StoreRefused
from ivr.prompts import spoken_by
from ivr.settings import Settings
from voice.prompts import PromptFolder, make_missing

MOST_CHARACTERS = 500


class AuditOfStoppedCore:
    """The core's audit, opened for one entry: the core does not run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def write(self, entry: Audited) -> None:
        database = await open_database(self._settings.database_url("core"), "core")
        try:
            await SqlAudit(database).write(entry)
        finally:
            await database.close()


def publish(flow: str, why: str, who: str | None, as_json: bool) -> None:
    """Make the draft of this flow its next version."""
    said_by, reason = who or login(), reason_or_fail(why)
    _do(lambda publisher: publisher.publish(flow, said_by, reason), as_json)


def roll_back(flow: str, to: int | None, why: str, who: str | None, as_json: bool) -> None:
    """Make an older version current again."""
    said_by, reason = who or login(), reason_or_fail(why)
    _do(lambda publisher: publisher.roll_back(flow, to, said_by, reason), as_json)


def _do(deed: Callable[[Publisher], Awaitable[Result]], as_json: bool) -> None:
    settings = settings_or_fail()
    publisher = Publisher(
        settings,
        FlowVersions(settings.data),
        CoreClient(settings.core_socket),
        AuditOfStoppedCore(settings),
        CentreClock(),
        lambda flow: _make_prompts(settings, flow),
    )

    async def done() -> Result:
        return await deed(publisher)

    try:
        _tell(asyncio.run(done()), as_json)
    except BadFlow as bad:
        fail("\n".join(bad.faults))
    except CoreRefused as refusal:
        fail(f"the running core would not take it:\n{refusal}")
    except (CoreAway, StoreFailed, StoreRefused, OSError) as fault:
        fail(f"nothing was published: {fault}")


async def _make_prompts(settings: Settings, flow: Flow) -> Sequence[str]:
    return (await make_missing(PromptFolder(settings.prompts), spoken_by(flow))).failed


def _tell(result: Result, as_json: bool) -> None:
    version = result.version
    if as_json:
        told = {"new": result.is_new, "core_runs": result.core_runs}
        show(version.model_dump() | told | {"not_taken": result.not_taken}, as_json=True)
    elif not result.is_new:
        print(f"{version.name} says the same already: nothing was written")
    else:
        print(f"published: {version.name}")
        for line in differences(version.number, version.difference):
            print(f"  {line}")
    if result.not_taken:
        fail(
            f"{version.name} is written, but the running core does not go by it:\n"
            f"{result.not_taken}\nTo ask it again: "
            f"./hotline flow rollback {version.flow} --to {version.number} --why again"
        )
    if not result.core_runs and not as_json:
        print("the core is not running: it goes by this version when it starts")


def differences(number: int, lines: Sequence[str]) -> Sequence[str]:
    """What is otherwise in this version, as people are told."""
    if lines:
        return lines
    return ["the first version" if number == 1 else "nothing is different for callers"]


def reason_or_fail(why: str) -> str:
    """The reason that was given, in one line."""
    reason = " ".join(why.split())
    if not reason or len(reason) > MOST_CHARACTERS:
        fail(f"--why: say why, in {MOST_CHARACTERS} characters at most")
    return reason
