"""Places for values in texts that nobody speaks: `{name}`, filled in when the step is performed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from ivr.values import NAME, RESERVED

PLACE = re.compile(rf"\{{({NAME.pattern})\}}")


def places(text: str) -> list[str]:
    """The values that a text has places for; ValueError for what can be no value's name."""
    names = PLACE.findall(text)
    for name in RESERVED & set(names):
        raise ValueError(f"{{{name}}} is no value of the call")
    return names


def checked(text: str) -> str:
    """The text, if all in its braces can be values; else ValueError."""
    if "{" in PLACE.sub("", text) or "}" in PLACE.sub("", text):
        raise ValueError("in braces there is the name of a value, like {order}")
    places(text)
    return text


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with these values in it; KeyError for one that is missing."""
    return PLACE.sub(lambda found: values[found[1]], text)


TextWithPlaces = Annotated[str, AfterValidator(checked)]
