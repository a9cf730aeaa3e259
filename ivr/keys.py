"""What the settings files have in common: names, short forms, and how strict they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
PhoneName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,32}$")]
Level = Annotated[int, Field(ge=1, le=10)]
"""Of a skill: how much an agent can, or must be able to do."""

BLANK = ("", "~", "null")
"""How YAML writes that nothing is said."""

Entry = TypeVar("Entry")


class Keys(BaseModel):
    """Keys that are unknown are faults; a key that is left blank has its default.

    What stands under a key says what it means, to readers here and to editors (`centre_schema`).
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,  # a file's keys are built once, as one, and only when they are asked for
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, value: Any) -> Any:
        if is_blank(value):
            return {}
        if isinstance(value, Mapping):
            return {key: inner for key, inner in value.items() if not is_blank(inner)}
        return value


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in BLANK)


def in_full(value: object) -> object:
    """`[support]` is short for `{support: {}}`."""
    if is_blank(value):
        return {}
    if not isinstance(value, list | tuple):
        return value
    names: dict[str, object] = {}
    for name in value:
        if not isinstance(name, str):
            raise ValueError("a list has names alone; with keys of their own write {support: {}}")
        if name in names:
            raise ValueError(f"{name!r} is there twice")
        names[name] = {}
    return names


class OrNames:
    """Tells editors of the short form."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        names = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
        return {"anyOf": [handler(schema), names]}


ByName = Annotated[dict[Name, Entry], BeforeValidator(in_full), OrNames()]


def one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def readable(read: Callable[[str], object]) -> AfterValidator:
    """For a text that `read` can read; its ValueError says what it cannot."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)
