"""Telephone numbers: one form inside (E.164), and the form in which people read and hear them."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 64
HELP = frozenset({"110", "112", "119", "120", "122", "911", "999"})
"""Where help is called and calls back from, wherever the caller is."""
_WRITTEN = re.compile(r"\+?\(?[0-9](?:[ ().\-/]{0,2}[0-9]){1,31}")
"""A number as people write it: nothing else is ever dialled."""
_SEPARATORS = re.compile(r"[ ().\-/]")
_MORE_HELP = {"CN": frozenset({"122"})}
"""Numbers of help by country that the library does not count as such: 122 is for accidents on the
road."""
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")


def normal_number(number: str, region: str) -> str:
    """E.164 where it can be told, dialled from `region`; else the number without its spaces.

    Extensions, short codes and names of SIP accounts stay as they are. "" when nothing is left.
    """
    import phonenumbers  # here: a restarted core offers waiting calls before it needs it
    from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

    plain = "".join(unicodedata.normalize("NFKC", number).split())[:LONGEST].casefold()
    try:
        parsed = phonenumbers.parse(plain, region)
    except NumberParseException:
        return plain
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return plain
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def is_emergency(number: str, region: str) -> bool:
    """Whether it is a number of the police, the fire service or the like, in any common form."""
    import phonenumbers

    plain = normal_number(number, region)
    return plain in HELP or phonenumbers.is_emergency_number(plain, region)


def calls_help(digits: str, region: str) -> bool:
    """Whether these digits, dialled in `region`, call its police, fire service or the like."""
    import phonenumbers

    return digits in _MORE_HELP.get(region, ()) or phonenumbers.is_emergency_number(digits, region)


def numbers_of_help(region: str) -> frozenset[str]:
    """Every number of three digits that calls help when dialled in `region`."""
    digits = (f"{number:03}" for number in range(1000))
    return frozenset(each for each in digits if calls_help(each, region))


def dialled_digits(text: str) -> str | None:
    """`+` and digits of a number that a person wrote or chose; None when it is no number."""
    return _SEPARATORS.sub("", text) if _WRITTEN.fullmatch(text) else None


def e164(digits: str, region: str, new_ranges: tuple[str, ...] = ()) -> str | None:
    """The number in E.164, dialled from `region`; None where nobody has been given such a number:
    calls to those earn money for somebody else. `new_ranges`: prefixes that are known better."""
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberFormat

    try:
        parsed = phonenumbers.parse(digits, region)
    except NumberParseException:
        return None
    number = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    new = bool(new_ranges) and number.startswith(new_ranges)
    known = phonenumbers.is_possible_number if new else phonenumbers.is_valid_number
    return number if known(parsed) and _E164.fullmatch(number) else None


def may_be_mobile(number: str) -> bool:
    """Whether texts may reach this number (E.164): in some countries nobody can tell."""
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberType

    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except NumberParseException:
        return False
    return kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def is_premium(number: str) -> bool:
    """Whether more is paid for calls to this number (E.164) than for the calls themselves."""
    import phonenumbers
    from phonenumbers import PhoneNumberType

    kind = phonenumbers.number_type(phonenumbers.parse(number))
    return kind == PhoneNumberType.PREMIUM_RATE


def shown(number: str, region: str = "CN") -> str:
    """As people write it: in groups, without a code in the own country. Others stay as they are.

    Groups are parted by single blanks, so that it can be spoken as digits, too.
    """
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberFormat

    if not _E164.fullmatch(number):
        return number
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return number
    own = phonenumbers.region_code_for_country_code(parsed.country_code or 0) == region
    form = PhoneNumberFormat.NATIONAL if own else PhoneNumberFormat.INTERNATIONAL
    return " ".join(re.findall(r"\+?[0-9]+", phonenumbers.format_number(parsed, form)))


def is_landline(number: str) -> bool:
    """Whether this number (E.164) is surely none of a mobile telephone."""
    import phonenumbers
    from phonenumbers import NumberParseException, PhoneNumberType

    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except NumberParseException:
        return False
    return kind == PhoneNumberType.FIXED_LINE
