"""The API's description: what FastAPI knows, every error added, and a page that needs no network.

The page is made from the description once, without scripts: it works under the strictest content
policy and on a machine without a way out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from adapters.web.gate import PASSES
from adapters.web.problems import MEDIA_TYPE, Fault, Problem

ALWAYS = (400, 401, 408, 413, 414, 415, 421, 422, 429, 500, 503)
SHAPE = "#/components/schemas/{model}"

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: #f3f4f6; border-radius: 4px }
code { padding: .1em .3em } pre { padding: .8em; overflow: auto }
summary { cursor: pointer; padding: .3em 0 } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .3em .8em .3em 0 }
td { border-top: 1px solid #ddd }
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Fault"] = Fault.model_json_schema()
        schemas["Problem"] = Problem.model_json_schema(ref_template=SHAPE)
        del schemas["Problem"]["$defs"]
        made["components"]["securitySchemes"] = {"operator": {"type": "http", "scheme": "bearer"}}
        for path, method, operation in operations(made):
            _add_problems(path, method, operation)
        app.openapi_schema = made
    return app.openapi_schema


def operations(made: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _add_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    statuses = [*ALWAYS, *([404] if "{" in path else []), *([409] if method == "post" else [])]
    if path.startswith("/api/") and not path.startswith(PASSES):
        operation["security"] = [{"operator": []}]
    for status in sorted(statuses):
        operation["responses"][str(status)] = {
            "description": "Problem",
            "content": {MEDIA_TYPE: {"schema": {"$ref": SHAPE.format(model="Problem")}}},
        }


def page(made: Mapping[str, Any]) -> str:
    """The description for people."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>{escape(made['info']['title'])}</title>",
        "<link rel='stylesheet' href='/docs.css'></head><body>",
        f"<h1>{escape(made['info']['title'])} {escape(made['info']['version'])}</h1>",
        f"<p>{escape(made['info'].get('description', ''))}</p>",
        "<p>The same for programs: <a href='/openapi.json'>openapi.json</a></p>",
        *(_operation(*found) for found in operations(made)),
        "<h2>Shapes</h2>",
        *(_shape(name, shape) for name, shape in sorted(made["components"]["schemas"].items())),
        "</body></html>",
    ]
    return "\n".join(parts)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(p['name'])}</code><td>{p['in']}<td>{escape(_kind(p['schema']))}"
        f"<td>{escape(p.get('description', ''))}</tr>"
        for p in operation.get("parameters", [])
    ]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if content:
        rows.append(f"<tr><td><code>body</code><td>json<td>{escape(_kind(content['schema']))}<td>")
    answers = [
        f"{status}: {escape(_answer(answer))}"
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    ]
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code></summary>"
        f"<p>{escape(operation.get('description', ''))}</p><table>{''.join(rows)}</table>"
        f"<p>Answers {'; '.join(answers)}</p></details>"
    )


def _answer(answer: Mapping[str, Any]) -> str:
    kinds = {_kind(content.get("schema", {})) for content in answer.get("content", {}).values()}
    return " ".join(sorted(kinds))


def _shape(name: str, shape: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(field)}</code><td>{escape(_kind(about))}"
        f"<td>{escape(about.get('description', ''))}"
        f"<td><code>{escape(json.dumps(about.get('examples', [''])[0], ensure_ascii=False))}</code>"
        for field, about in shape.get("properties", {}).items()
    ]
    return (
        f"<details id='{escape(name)}'><summary>{escape(name)}</summary>"
        f"<p>{escape(shape.get('description', ''))}</p><table>{''.join(rows)}</table></details>"
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "items" in schema:
        return f"list of {_kind(schema['items'])}"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("format") or schema.get("type", ""))
