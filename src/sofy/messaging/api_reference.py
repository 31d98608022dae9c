"""The description of the API, laid out for reading in the reader's language: headings and tables."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sofy.ingest import openapi
from sofy.messaging.api_words import translated


@dataclass(frozen=True)
class Field:
    """One field of a body or one parameter."""

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True)
class Operation:
    """One request: what it takes and what it may be answered."""

    method: str
    path: str
    name: str
    summary: str
    parameters: list[Field]
    body: str
    examples: list[tuple[str, str]]
    answers: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Shape:
    """A body: its name, what it is, and its fields."""

    name: str
    text: str
    fields: list[Field]


def page(address: str) -> dict[str, Any]:
    """Every operation and every shape of the API at this address."""
    document = openapi.describe(address)
    shapes = document["components"]["schemas"]
    return {
        "about": translated(document["info"]["description"]),
        "operations": list(_operations(document["paths"])),
        "shapes": [_shape(name, schema) for name, schema in sorted(shapes.items())],
    }


def _operations(paths: Mapping[str, Any]) -> Iterable[Operation]:
    for path, methods in paths.items():
        for method, told in methods.items():
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = body.get("examples", {})
            yield Operation(
                method.upper(),
                path,
                told.get("operationId", ""),
                translated(told.get("summary", "")),
                [_parameter(each) for each in told.get("parameters", [])],
                _named(body.get("schema", {})),
                [(name, _json(each.get("value"))) for name, each in examples.items()],
                [
                    (status, translated(each["description"]), _answered(each))
                    for status, each in told["responses"].items()
                ],
            )


def _parameter(told: Mapping[str, Any]) -> Field:
    kind = f"{told.get('in', '')}, {_kind(told.get('schema', {}))}"
    return Field(told["name"], kind, bool(told.get("required")), translated(told.get("description", "")))


def _shape(name: str, schema: Mapping[str, Any]) -> Shape:
    required = set(schema.get("required", []))
    fields = [
        Field(field, _kind(told), field in required, translated(told.get("description", "")))
        for field, told in schema.get("properties", {}).items()
    ]
    return Shape(name, translated(schema.get("description", "")), fields)


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value may be, in a few words."""
    if "$ref" in schema:
        return _named(schema)
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(_kind(each) for each in several))
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    kind = schema.get("type", "")
    kind = " | ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return ", ".join([f"{kind} ({schema['format']})" if "format" in schema else kind, *bounds])


_BOUNDS = {"minimum": "≥", "maximum": "≤", "minLength": "≥", "maxLength": "≤", "maxItems": "≤"}


def _named(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _answered(told: Mapping[str, Any]) -> str:
    return next((_named(each.get("schema", {})) for each in told.get("content", {}).values()), "")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
