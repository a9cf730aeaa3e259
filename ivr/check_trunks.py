"""Rules that look at the trunks, of which the site file says that they are never full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ivr.centre_keys import QueueEntry
from ivr.trunks import TrunkEntry


def never_busy(queues: Mapping[str, QueueEntry], trunks: Mapping[str, TrunkEntry]) -> Iterator[str]:
    """A warning for each rule that names `trunks_busy` in vain, and the way out."""
    taking = {name: trunk for name, trunk in trunks.items() if trunk.incoming}
    endless = [f"trunks.{name}.channels" for name, trunk in taking.items() if not trunk.channels]
    if taking and not endless:
        return
    if taking:
        text = f"say in site.yaml how many calls at once they take ({', '.join(endless)})"
    else:
        text = "site.yaml has no trunk that takes calls"
    for queue, entry in queues.items():
        for number, rule in enumerate(entry.overflow):
            if rule.when.trunks_busy is not None:
                where = f"centre.yaml: queues.{queue}.overflow[{number}].when.trunks_busy"
                yield f"{where}: the trunks are never busy: {text}"
