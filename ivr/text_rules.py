"""To whom a text may be sent, how long it may be, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.model import Seconds
from ivr.channel_settings import ChannelEntry
from ivr.outbound import OutboundSettings
from ivr.phone_numbers import dialled_digits, e164, is_premium
from ivr.ports import CoreRefused, PersonId, Vault
from ivr.texts import TextBook, address_field


class TextRules:
    """Each refusal is a sentence, without the number."""

    def __init__(self, outbound: OutboundSettings, vault: Vault) -> None:
        self._outbound = outbound
        self._vault = vault

    def check_words(self, entry: ChannelEntry, words: str) -> None:
        """`CoreRefused` when the channel cannot send this."""
        can = entry.capabilities
        if not can.sends:
            raise CoreRefused("this channel only receives: it has no `url` in the site file")
        if len(words) > can.most_characters:
            raise CoreRefused(
                f"a text has {can.most_characters} characters at most in this channel"
            )

    async def whom(self, channel: str, entry: ChannelEntry, fields: Mapping[str, Any]) -> PersonId:
        """The customer: by `person`, or by `number` where the channel knows numbers."""
        numbers, number = entry.capabilities.numbers, fields.get("number")
        if numbers and isinstance(number, str):
            return await self._vault.person_for_number(self._allowed(entry, number))
        person = PersonId(str(fields.get("person") or ""))
        place = "number" if numbers else address_field(channel)
        address = await self._vault.open(person, place) if person else None
        if not address:
            raise CoreRefused(
                "no number is known of this customer" if numbers
                else "this customer has never written by this channel"
            )  # fmt: skip
        if numbers:
            self._allowed(entry, address)
        return person

    def check_number(self, entry: ChannelEntry, number: str) -> None:
        """`CoreRefused` when this number gets no texts by this channel."""
        self._allowed(entry, number)

    def check_limits(
        self, channel: str, entry: ChannelEntry, book: TextBook, person: PersonId, now: Seconds
    ) -> None:
        """`CoreRefused` when this customer, or all together, have been sent enough."""
        if book.in_the_last_hour(channel, person, now) >= entry.per_hour:
            raise CoreRefused(
                f"{entry.per_hour} texts in an hour to one customer are all (`per_hour`)"
            )
        if book.today(channel, now) >= entry.per_day:
            raise CoreRefused(f"{entry.per_day} texts a day are all by this channel (`per_day`)")

    def _allowed(self, entry: ChannelEntry, written: str) -> str:
        digits = dialled_digits(written)
        number = e164(digits, self._outbound.region, self._outbound.new_ranges) if digits else None
        if number is None:
            raise CoreRefused("this is no telephone number")
        if not number.startswith(entry.allow or ("none",)):
            raise CoreRefused("numbers that begin so get no texts here (`allow`)")
        if is_premium(number):
            raise CoreRefused("premium numbers get no texts")
        return number
