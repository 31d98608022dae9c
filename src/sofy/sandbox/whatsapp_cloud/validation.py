"""What Meta looks at before it takes a message; the bounds are those of its reference pages."""

from collections.abc import Callable
from typing import Any

from sofy.sandbox.whatsapp_cloud.errors import GraphError
from sofy.sandbox.whatsapp_cloud.people import is_user_id

_KNOWN = {
    "messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data",
    "message_send_ttl_seconds", "message_activity_sharing", "product_policy",
}  # fmt: skip
_CAPTIONED = {"image", "video", "document"}


def checked(body: Any) -> dict[str, Any]:
    """The body of a message, when it is one. Raises: GraphError."""
    if not isinstance(body, dict):
        raise GraphError(100, "The body must be a JSON object")
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required and must be whatsapp")
    if body.get("recipient_type", "individual") != "individual":
        raise GraphError(131009, "recipient_type must be individual")
    _to(body)
    kind = body.get("type", "text")
    check = _KINDS.get(kind) if isinstance(kind, str) else None
    if check is None:
        raise GraphError(131051, f"Message type {kind!r} is not supported")
    if unknown := set(body) - _KNOWN - {kind}:
        raise GraphError(100, f"Unexpected key {sorted(unknown)[0]!r}")
    part = body.get(kind)
    if not isinstance(part, dict):
        raise GraphError(131008, f"The parameter {kind} is missing")
    check(part)
    _text(body.get("biz_opaque_callback_data", ""), "biz_opaque_callback_data", 512, least=0)
    if "context" in body:
        _text(_object(body, "context").get("message_id"), "context.message_id", 512)
    return {**body, "type": kind}


def _to(body: dict[str, Any]) -> None:
    to, recipient = body.get("to"), body.get("recipient")
    if to is None and recipient is None:
        raise GraphError(131008, "to or recipient is required")
    if to is not None and (not isinstance(to, str) or not to.strip("+").isdecimal() or not 5 < len(to) < 17):
        raise GraphError(131009, "to is not a phone number")
    if to is None and (not isinstance(recipient, str) or not is_user_id(recipient)):
        raise GraphError(131009, "recipient is not a user id")


def _text(value: Any, name: str, most: int, *, least: int = 1) -> str:
    if value is None:
        raise GraphError(131008, f"The parameter {name} is missing")
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise GraphError(100, f"Param {name} must be between {least} and {most} characters long")
    return value


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise GraphError(131008, f"The parameter {name} is missing")
    return value


def _list(body: dict[str, Any], name: str, least: int, most: int) -> list[dict[str, Any]]:
    value = body.get(name)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise GraphError(131008, f"The parameter {name} is missing")
    if not least <= len(value) <= most:
        raise GraphError(131009, f"{name} must hold {least} to {most} entries")
    return value


def _words(part: dict[str, Any]) -> None:
    _text(part.get("body"), "text.body", 4096)
    if not isinstance(part.get("preview_url", False), bool):
        raise GraphError(100, "text.preview_url must be a boolean")
    if unknown := set(part) - {"body", "preview_url"}:
        raise GraphError(100, f"Unexpected key {sorted(unknown)[0]!r} on param text")


def _file(kind: str) -> Callable[[dict[str, Any]], None]:
    def check(part: dict[str, Any]) -> None:
        if ("id" in part) == ("link" in part):
            raise GraphError(100, f"{kind} needs one of id and link")
        if "link" in part and not _text(part["link"], f"{kind}.link", 2048).startswith(("http://", "https://")):
            raise GraphError(100, f"{kind}.link must be an address")
        allowed = {"id", "link", *({"caption"} if kind in _CAPTIONED else ())}
        allowed |= {"filename"} if kind == "document" else set()
        if unknown := set(part) - allowed:
            raise GraphError(100, f"Unexpected key {sorted(unknown)[0]!r} on param {kind}")
        _text(part.get("caption", ""), f"{kind}.caption", 1024, least=0)
        _text(part.get("filename", ""), f"{kind}.filename", 240, least=0)

    return check


def _interactive(part: dict[str, Any]) -> None:
    kind, action = part.get("type"), _object(part, "action")
    most = 4096 if kind == "list" else 1024
    _text(_object(part, "body").get("text"), "interactive.body.text", most)
    if kind == "button":
        buttons = [_object(one, "reply") for one in _list(action, "buttons", 1, 3)]
        _distinct([_text(one.get("id"), "reply.id", 256) for one in buttons], "id")
        _distinct([_text(one.get("title"), "reply.title", 20) for one in buttons], "title")
    elif kind == "list":
        _text(action.get("button"), "action.button", 20)
        rows = [row for section in _list(action, "sections", 1, 10) for row in _list(section, "rows", 1, 10)]
        if len(rows) > 10:
            raise GraphError(131009, "a list holds 10 rows at most")
        _distinct([_text(row.get("id"), "row.id", 200) for row in rows], "id")
        for row in rows:
            _text(row.get("title"), "row.title", 24)
        if "header" in part and _object(part, "header").get("type") != "text":
            raise GraphError(131009, "the header of a list is a text")
    elif kind == "cta_url":
        if action.get("name") != "cta_url":
            raise GraphError(131009, "action.name must be cta_url")
        parameters = _object(action, "parameters")
        _text(parameters.get("display_text"), "display_text", 20)
        if not _text(parameters.get("url"), "url", 2048).startswith(("http://", "https://")):
            raise GraphError(131009, "url must be an address")
    else:
        raise GraphError(131009, f"interactive type {kind!r} is not valid")


def _distinct(values: list[str], name: str) -> None:
    if len(set(values)) < len(values):
        raise GraphError(131009, f"every {name} must be different")


def _template(part: dict[str, Any]) -> None:
    _text(part.get("name"), "template.name", 512)
    _text(_object(part, "language").get("code"), "template.language.code", 10)
    for component in _list(part, "components", 0, 50) if "components" in part else []:
        kind = str(component.get("type", "")).lower()
        if kind not in ("header", "body", "button", "carousel", "limited_time_offer"):
            raise GraphError(100, f"template component type {kind!r} is not valid")
        if kind == "button" and (not component.get("sub_type") or not str(component.get("index", "")).isdecimal()):
            raise GraphError(131008, "a button needs sub_type and index")
        for parameter in _list(component, "parameters", 0, 50) if "parameters" in component else []:
            if str(parameter.get("type")).lower() == "text":
                value = _text(parameter.get("text"), "parameter.text", 32_768)
                if any(bad in value for bad in ("\n", "\r", "\t", "     ")):
                    raise GraphError(132012, "a value has no new line, no tab and no more than 4 spaces in a row")
            elif (file := str(parameter.get("type")).lower()) in _CAPTIONED:
                _file(file)(_object(parameter, file))


def _reaction(part: dict[str, Any]) -> None:
    _text(part.get("message_id"), "reaction.message_id", 512)
    _text(part.get("emoji"), "reaction.emoji", 32, least=0)


def _location(part: dict[str, Any]) -> None:
    if "latitude" not in part or "longitude" not in part:
        raise GraphError(131008, "location needs latitude and longitude")


_KINDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "text": _words,
    "template": _template,
    "interactive": _interactive,
    "reaction": _reaction,
    "location": _location,
    **{kind: _file(kind) for kind in ("image", "video", "audio", "document", "sticker")},
}
