"""The description of the API, made from its types. Source: OpenAPI 3.1.1, JSON Schema 2020-12."""

from typing import Any, Final

import msgspec

from sofy.engine.service_level.month import ServiceLevel
from sofy.ingest import shapes
from sofy.ingest.callers import WINDOW_S
from sofy.ingest.shapes import MOST_MESSAGES

_REF: Final = "#/components/schemas/{name}"
_TYPES: Final = (
    shapes.Message, shapes.Batch, shapes.Accepted, shapes.BatchAnswer, shapes.Standing, shapes.Found, shapes.Plan,
    shapes.Problem, shapes.MessageEvent, shapes.SaidEvent, shapes.OtherEvent, shapes.Events,
    ServiceLevel,
)  # fmt: skip
#: What any request may be answered: status -> when.
_ALWAYS: Final = {
    400: "The request cannot be read.",
    401: "No key, or one that opens nothing.",
    403: "The key may not do this, or not from there; or the account is suspended.",
    429: "Too many requests: wait as long as Retry-After says.",
    500: "Our fault: nothing was accepted.",
    503: "The database is away: ask again with the same Idempotency-Key.",
}
_BODY: Final = {
    408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Something in it is not acceptable.",
}
_EXAMPLE: Final = {
    "to": "+33639980001",
    "purpose": "alert",
    "text": "Votre commande 1234 est prête.",
    "sender": "Fournil",
    "reference": "commande-1234",
}
_TEMPLATED: Final = {
    "to": "+33639980001",
    "purpose": "alert",
    "template": "order_ready",
    "variables": {"first_name": "Zoé", "number": "1234"},
}
_MARKETING: Final = {
    "to": "+33639980002",
    "purpose": "marketing",
    "text": "Une baguette offerte ce samedi ! STOP SMS 36105",
    "sender": "Fournil",
    "consent": {"source": "caisse", "at": "2026-11-02T10:15:00+01:00", "text_version": "carte-2026"},
}
_LADDER: Final = {
    "to": "+33639980003",
    "purpose": "alert",
    "channel": "rcs",
    "content": {
        "text": "Votre colis est en boutique.",
        "buttons": [{"kind": "url", "label": "Voir", "value": "https://fournil.example/colis"}],
    },
    "fallback": [{"channel": "sms", "after_s": 60, "sender": "Fournil"}],
}
_MAIL: Final = {
    "to": "marie@example.org",
    "purpose": "marketing",
    "sender": "bonjour@fournil.example",
    "content": {
        "subject": "Nouvelle fournée",
        "html": '<p>Samedi, une baguette offerte.</p><p><a href="{{unsubscribe_url}}">Ne plus recevoir</a></p>',
        "text": "Samedi, une baguette offerte. Ne plus recevoir : {{unsubscribe_url}}",
    },
    "consent": {"source": "caisse", "at": "2026-11-02T10:15:00+01:00", "text_version": "carte-2026"},
}


def describe(address: str) -> dict[str, Any]:
    """The whole description, for the API at this address."""
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Sofy",
            "version": "1",
            "description": (
                "Messages of a client's own software. Every answer to a POST means that what it says is on disk. "
                "Refusals follow RFC 9457, in French or, when Accept-Language asks for it, English; `code` is stable. "
                f"RateLimit headers count the requests of {WINDOW_S} seconds."
            ),
        },
        "servers": [{"url": address}],
        "security": [{"key": []}],
        "paths": _paths(),
        "webhooks": _webhooks(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key: sofy_…"}},
        },
    }


def _webhooks() -> dict[str, Any]:
    """What programs are told. Source: Standard Webhooks 1.0.0."""
    told = {
        "message.<status>": ("MessageEvent", "A message took a step: accepted, submitted, delivered, failed..."),
        "message.inbound": ("SaidEvent", "Somebody answered."),
        "template.updated": ("OtherEvent", "A template was approved, refused or paused."),
        "fraud.suspected": ("OtherEvent", "Traffic looks like fraud."),
        "batch": ("Events", "Several of these, for a webhook that takes up to 500 in one request."),
    }
    headers = [
        {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
        for name, text in (
            ("webhook-id", "The same each time a request is made again."),
            ("webhook-timestamp", "Seconds since 1970, of this attempt."),
            ("webhook-signature", "v1, and HMAC-SHA256 of id.timestamp.body in Base64; two while a secret is changed."),
        )
    ]
    answers = {
        "2XX": {"description": "Taken: it is not told again."},
        "410": {"description": "Gone: the webhook is disabled."},
        "default": {"description": "Told again for three days, sooner or later as Retry-After asks."},
    }
    return {
        name: {
            "post": {
                "operationId": f"on {name}",
                "summary": text,
                "parameters": headers,
                "requestBody": {"required": True, "content": {"application/json": {"schema": _schema(schema)}}},
                "responses": answers,
            }
        }
        for name, (schema, text) in told.items()
    }


def _paths() -> dict[str, Any]:
    idempotency = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Your own word for this request, for 24 hours: sent again, it gets the same answer.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    }
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    reference = {
        "name": "reference", "in": "query", "required": True,
        "schema": {"type": "string", "minLength": 1},
    }  # fmt: skip
    month = {
        "name": "month", "in": "query", "description": "A month in Paris; the present one unless said.",
        "schema": {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$", "example": "2026-11"},
    }  # fmt: skip
    conflict = {409: "The Idempotency-Key came with another request, or its request is still being answered."}
    return {
        "/v1/messages": {
            "post": _operation(
                "sendMessage", "Send a message", 202, "Accepted: it is on disk.", "Accepted", conflict | _BODY,
                body=("Message", {
                    "alert": {"value": _EXAMPLE}, "marketing": {"value": _MARKETING}, "template": {"value": _TEMPLATED},
                    "ladder": {"value": _LADDER}, "mail": {"value": _MAIL},
                }),
                parameters=[idempotency],
            ),
            "get": _operation(
                "findMessages", "Find messages by reference", 200, "The newest first, 100 at most.", "Found", {},
                parameters=[reference],
            ),
        },
        "/v1/messages/batch": {
            "post": _operation(
                "sendBatch", f"Send up to {MOST_MESSAGES:,} messages", 202,
                "Some were accepted; `refused` says which were not, and why.", "BatchAnswer", conflict | _BODY,
                body=("Batch", {"two": {"value": {"messages": [_EXAMPLE, _MARKETING]}}}), parameters=[idempotency],
            )
        },
        "/v1/messages/{id}": {
            "get": _operation(
                "getMessage", "A message and all that happened to it", 200, "Where it stands.", "Standing",
                {404: "There is no such message."}, parameters=[one],
            ),
            "delete": _operation(
                "cancelMessage", "Take back a message that has not left", 200, "It is cancelled.", "Standing",
                {404: "There is no such message.", 409: "It has left, or is leaving at this moment."}, parameters=[one],
            ),
        },
        "/v1/messages/{id}/conversion": {
            "post": _operation(
                "convertMessage", "Say that the code of a message was used", 204, "Noted.", "",
                {404: "There is no such message.", 409: "It was not sent."}, parameters=[one],
            )
        },
        "/v1/route-plan": {
            "post": _operation(
                "planMessage", "What would happen to a message now; nothing is sent", 200, "The plan.", "Plan", _BODY,
                body=("Message", {
                    "alert": {"value": _EXAMPLE}, "ladder": {"value": _LADDER}, "mail": {"value": _MAIL},
                }),
            )
        },
        "/v1/service-level": {
            "get": _operation(
                "getServiceLevel", "Routing success of a month (article 28)", 200, "The figure with its evidence.",
                "ServiceLevel", {}, parameters=[month],
            )
        },
    }  # fmt: skip


def _operation(
    name: str, summary: str, status: int, told: str, answer: str, refusals: dict[int, str], *,
    body: tuple[str, dict[str, Any]] | None = None, parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    answers: dict[str, Any] = {str(status): {"description": told}}
    if answer:
        answers[str(status)]["content"] = {"application/json": {"schema": _schema(answer)}}
    for code, why in sorted({**_ALWAYS, **refusals}.items()):
        answers[str(code)] = {
            "description": why,
            "content": {"application/problem+json": {"schema": _schema("Problem")}},
        }
    described: dict[str, Any] = {"operationId": name, "summary": summary, "responses": answers}
    if parameters:
        described["parameters"] = parameters
    if body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(body[0]), "examples": body[1]}},
        }
    return described


def _schema(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(name=name)}
