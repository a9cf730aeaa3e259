"""The centre file's form as a JSON Schema: editors complete keys by it, and show what they mean."""

from __future__ import annotations

from typing import Any

from ivr import centre_keys
from ivr.centre_keys import CentreKeys
from ivr.field_texts import field_texts


def schema() -> dict[str, Any]:
    """The whole of it; each key with the text that stands under it in `centre_keys`."""
    whole = CentreKeys.model_json_schema()
    models = {**whole["$defs"], CentreKeys.__name__: whole}
    for model, key, text in field_texts(centre_keys):
        models[model]["properties"][key]["description"] = text
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}
