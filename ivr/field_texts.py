"""What stands under the fields of a module's models, for those who see the fields from outside."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from types import ModuleType


def field_texts(module: ModuleType) -> list[tuple[str, str, str]]:
    """Model, field and text. Read when asked for: pydantic would read them at every start."""
    tree = ast.parse(inspect.getsource(module))
    return [
        (model.name, field.target.id, inspect.cleandoc(text.value.value))
        for model in tree.body
        if isinstance(model, ast.ClassDef)
        for field, text in pairwise(model.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    ]
