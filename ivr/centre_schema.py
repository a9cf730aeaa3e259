"""The centre file's form as a JSON Schema: editors complete keys by it, and show what they mean."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import Any

from ivr import centre_keys
from ivr.centre_keys import CentreKeys


def schema() -> dict[str, Any]:
    """The whole of it; each key with the text that stands under it in `centre_keys`."""
    whole = CentreKeys.model_json_schema()
    models = {**whole["$defs"], CentreKeys.__name__: whole}
    for model, key, text in _texts():
        models[model]["properties"][key]["description"] = text
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def _texts() -> list[tuple[str, str, str]]:
    """Model, key and text. Read here: pydantic would read them at every start."""
    tree = ast.parse(inspect.getsource(centre_keys))
    return [
        (model.name, key.target.id, inspect.cleandoc(text.value.value))
        for model in tree.body
        if isinstance(model, ast.ClassDef)
        for key, text in pairwise(model.body)
        if isinstance(key, ast.AnnAssign)
        and isinstance(key.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    ]
