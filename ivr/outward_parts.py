"""Everything that calls somebody, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ivr.callback_dialler import CallbackDialler
from ivr.callback_ledger import CallbackLedger
from ivr.callback_requests import CallbackRequests, Fields
from ivr.callbacks import CallbackDesk
from ivr.dialling import Routing
from ivr.dialling_rules import DiallingRules
from ivr.distributor import Distributor
from ivr.online_rungs import CallingBack
from ivr.outgoing_calls import OutgoingCalls
from ivr.outward import Outward
from ivr.outward_offers import OutwardOffers
from ivr.ports import Audit, Clock, Journal, Vault
from ivr.rules import RulesInForce
from ivr.site_file import SiteFile


@dataclass(frozen=True, slots=True)
class OutwardParts:
    """Who promises callbacks, who keeps them, who places agents' calls, and who offers both to
    agents."""

    desk: CallbackDesk
    dialler: CallbackDialler
    calls: OutgoingCalls
    offers: OutwardOffers
    routing: Routing

    @property
    def calling(self) -> CallingBack:
        """For who promises callbacks."""
        return CallingBack(self.desk, self.routing)

    def requests(
        self, vault: Vault, audit: Audit
    ) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What the core can be asked about all this, by name."""
        return CallbackRequests(self.desk, vault, audit, self.dialler).known | self.calls.requests


async def outward_parts(
    site: SiteFile, distributor: Distributor, journal: Journal, vault: Vault, clock: Clock,
    rules: RulesInForce, line: Outward,
) -> OutwardParts:  # fmt: skip
    """By the dialling rules of the site, over this line; what the journal knows is remembered."""
    plan = site.callbacks
    desk = CallbackDesk(distributor, vault, clock, plan, lambda: rules.hours)
    await desk.remember(journal)
    ledger = CallbackLedger(distributor, journal, clock, plan, lambda: rules.hours)
    dialling = DiallingRules(site.outbound, site.trunks, journal, clock)
    dialler = CallbackDialler(ledger, distributor.engine, vault, clock, dialling, line)
    calls = OutgoingCalls(distributor, vault, dialling, line, site.languages[0])
    await calls.remember(journal)
    return OutwardParts(
        desk, dialler, calls, OutwardOffers(distributor, line, dialler, calls), dialling
    )
