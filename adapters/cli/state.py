"""Commands about the installation as a whole: status, stop, doctor, backup, restore."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adapters.asterisk.findings import Finding, Level
from adapters.asterisk.instance import AsteriskFailed, Instance
from adapters.asterisk.trunk_looks import states
from adapters.cli.agents import COLUMNS
from adapters.cli.channel_looks import of_channels
from adapters.cli.closure import rows
from adapters.cli.exports import common_zone
from adapters.cli.mail_looks import of_mail
from adapters.cli.output import fail, say, show, table
from adapters.cli.pid_file import PidFile
from adapters.cli.port_looks import of_ports
from adapters.cli.recoveries import of_recovery, summary
from adapters.cli.start import supervisor_file
from adapters.control.client import CoreClient
from ivr.faults import BadFlow
from ivr.flows_in_force import changed_drafts
from ivr.ports import CoreAway, CoreRefused, StoreFailed, StoreRefused
from ivr.settings import Settings

MARKS = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


def stop(settings: Settings) -> None:
    """End supervisor, children left over from a killed one, then Asterisk with its calls."""
    ended = [
        name
        for name, file in (
            ("supervisor", supervisor_file(settings.run)),
            ("core", PidFile(settings.run / "core.pid")),
            ("web", PidFile(settings.run / "web.pid")),
        )
        if file.end(deadline=10.0)
    ]
    instance = Instance(settings)
    if instance.adopt():
        instance.stop()
        ended.append("asterisk")
    say(f"stopped: {', '.join(ended)}" if ended else "nothing was running")


def status(settings: Settings, as_json: bool) -> int:
    """0 when the core answers and has its link; 1 otherwise."""
    instance = Instance(settings)
    asterisk = instance.adopt()
    found: dict[str, Any] = {
        "asterisk": f"process {asterisk.pid}" if asterisk else "not running",
        "supervisor": supervisor_file(settings.run).running() or "not running",
    }
    if asterisk and settings.site.trunks:
        found["trunks"] = _trunks(instance)
    try:
        core, agents, queues, closed, cut_off = asyncio.run(_ask_all(settings))
    except (CoreAway, CoreRefused) as fault:
        show({**found, "core": str(fault)}, as_json=as_json)
        return 1
    link = bool(core["link"])
    found |= {"core": f"epoch {core['epoch']}", "link": "up" if link else "down"}
    found["callbacks"] = f"{core.get('callbacks', 0)} promised"
    found["recovery"] = summary(cut_off, common_zone(settings))
    found["rules"] = core.get("rules", "")
    found["flows"] = ", ".join(core.get("flows", {}).values())
    found["drafts"] = _unpublished(settings)
    zone = common_zone(settings)
    found["closed"] = [f"{row['queue']} until {row['until']}" for row in rows(closed, zone)]
    if as_json:
        more = {"agents": agents, "queues": queues, "recovery": cut_off}
        show({**found, **more}, as_json=True)
        return 0 if link else 1
    show({**found, "closed": ", ".join(found["closed"]) or "nothing"}, as_json=False)
    shown = [
        queue
        | {"estimates_kept": _kept(queue.get("estimate")), "messages": queue.get("deferred", 0)}
        for queue in queues
    ]
    columns = ("queue", "waiting", "longest_wait", "messages", "estimates_kept")
    table(columns, shown, as_json=False)
    table(COLUMNS, agents, as_json=False)
    return 0 if link else 1


def _trunks(instance: Instance) -> str:
    """Each trunk and how it is."""
    try:
        return "; ".join(f"{state.name}: {state}" for state in states(instance))
    except AsteriskFailed as failed:
        return str(failed)


def _unpublished(settings: Settings) -> str:
    """The flows whose drafts say something else than the version in force."""
    try:
        names = ", ".join(changed_drafts(settings))
    except BadFlow as bad:
        return bad.faults[0]
    return f"{names}: changed since published" if names else "none changed since published"


async def _ask_all(settings: Settings) -> tuple[Any, Any, Any, Any, Any]:
    core = CoreClient(settings.core_socket)
    status_, agents, queues, closed, cut_off = await asyncio.gather(
        core.ask("status"), core.ask("agents"), core.ask("queues"), core.ask("closure list"),
        core.ask("recovery"),
    )  # fmt: skip
    return status_, agents["agents"], queues["queues"], closed["closures"], cut_off


def _kept(estimate: Mapping[str, Any] | None) -> str:
    """Of the estimated waits that have become known, the share inside their range."""
    if not estimate or estimate["within"] is None:
        return "-"
    return f"{estimate['within']:.0%} of {estimate['known']}"


def doctor(settings: Settings, as_json: bool) -> int:
    """0 when nothing fails (warnings allowed)."""
    from rich.markup import escape

    from adapters.asterisk.doctor import examine

    findings = [*asyncio.run(examine(settings)), *_of_rules(settings), *of_channels(settings)]
    findings += [*of_ports(settings), *of_mail(settings), *of_recovery(settings)]
    if as_json:
        table((), [asdict(finding) for finding in findings], as_json=True)
    for finding in findings if not as_json else ():
        say(f"{MARKS[finding.level]:14} {escape(finding.what)}")
        if finding.level != "ok":
            say(f"       {finding.remedy}")
    return int(any(finding.level == "fail" for finding in findings))


def _of_rules(settings: Settings) -> list[Finding]:
    """What of the centre file works but is hardly meant."""
    remedy = "Change the centre file, then `./hotline rules apply`."
    odd = [Finding(Level.WARN, warning, remedy) for warning in settings.warnings]
    return odd or [Finding(Level.OK, "rules")]


def backup(settings: Settings, target: Path, with_keys: bool) -> None:
    from adapters.stores import backup as archive

    try:
        asyncio.run(archive.backup(settings, target, with_keys=with_keys))
    except (StoreFailed, StoreRefused, OSError) as fault:
        fail(str(fault))
    say(f"written: {target}")


def restore(settings: Settings, source: Path, replace: bool, master_key: Path | None) -> None:
    from adapters.stores import restore as archive

    try:
        asyncio.run(archive.restore(settings, source, replace=replace, master_key=master_key))
    except (StoreFailed, StoreRefused, OSError) as fault:
        fail(str(fault))
    say(f"restored from {source}")
