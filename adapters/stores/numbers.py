"""One form for a telephone number, so that the same caller is the same person."""

from __future__ import annotations

import unicodedata

LONGEST = 64


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
