"""One form for a telephone number, so that the same caller is the same person."""

from __future__ import annotations

import unicodedata

LONGEST = 64
HELP = frozenset({"110", "112", "119", "120", "122", "911", "999"})
"""Where help is called and calls back from, wherever the caller is."""


def normal_number(number: str, region: str = "CN") -> str:
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


def is_emergency(number: str, region: str = "CN") -> bool:
    """Whether it is a number of the police, the fire service or the like, in any common form."""
    import phonenumbers

    plain = normal_number(number, region)
    return plain in HELP or phonenumbers.is_emergency_number(plain, region)
