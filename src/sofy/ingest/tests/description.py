"""Whether an answer is one that the description of the API announces."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from sofy.ingest import openapi

DESCRIPTION: dict[str, Any] = openapi.describe("http://localhost:8001")
_ADDRESSES = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in DESCRIPTION["paths"]]


def operation(method: str, path: str) -> dict[str, Any] | None:
    """What is described of a method at an address; None: nothing."""
    # An address without a variable is described before one that has it.
    for pattern, template in sorted(_ADDRESSES, key=lambda each: "{" in each[1]):
        if pattern.fullmatch(path):
            found: dict[str, Any] | None = DESCRIPTION["paths"][template].get(method.lower())
            return found
    return None


@cache
def validator(name: str) -> Any:
    """The schema of that name, ready to use."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DESCRIPTION["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def check_answer(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raises: AssertionError, when an answer is not as described."""
    described = operation(method, path)
    if described is None:
        return
    assert str(status) in described["responses"], f"{method} {path} answered {status}, which is not described"
    content = described["responses"][str(status)].get("content")
    if not content:
        assert body == b""
        return
    ((media_type, inside),) = content.items()
    assert headers["content-type"] == media_type
    validator(inside["schema"]["$ref"].rpartition("/")[2]).validate(json.loads(body))
