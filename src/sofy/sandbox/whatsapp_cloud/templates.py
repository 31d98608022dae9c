"""Templates of the account: handed in, reviewed, paused, counted when they are used."""

import re
from collections import deque
from typing import Any

import msgspec

from sofy.kernel import clock
from sofy.sandbox.whatsapp_cloud.errors import GraphError

_PLACES = re.compile(r"\{\{\s*([0-9]+|[a-z_]+)\s*\}\}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
#: How long a template may be tried, in seconds. Source: Meta, "Time-to-live".
TTL = {"AUTHENTICATION": (30, 900), "UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000)}
_HOUR_S = 3600.0


class Template(msgspec.Struct, kw_only=True):
    """One template in one language."""

    id: str
    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    status: str = "PENDING"
    quality: str = "UNKNOWN"
    reason: str = "NONE"
    ttl_s: int | None = None

    def filled(self, wanted: dict[str, Any]) -> str:
        """What a person reads, with the values of a message."""
        text = next(str(one.get("text", "")) for one in self.components if _is(one, "BODY"))
        values = [
            str(value.get("text", ""))
            for one in wanted.get("components", [])
            if _is(one, "BODY")
            for value in one.get("parameters", [])
        ]
        for place, value in zip(dict.fromkeys(_PLACES.findall(text)), values, strict=False):
            text = re.sub(r"\{\{\s*" + place + r"\s*\}\}", lambda _, value=value: value, text)  # type: ignore[misc]
        return text

    def shown(self) -> dict[str, Any]:
        """As the Graph lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "components": self.components,
            "rejected_reason": self.reason,
            "quality_score": {"score": self.quality, "date": int(clock.now().timestamp())},
            "parameter_format": "POSITIONAL",
            **({"message_send_ttl_seconds": self.ttl_s} if self.ttl_s is not None else {}),
        }


def _body(text: str, *example: str) -> list[dict[str, Any]]:
    body: dict[str, Any] = {"type": "BODY", "text": text}
    return [{**body, "example": {"body_text": [list(example)]}} if example else body]


#: What every account of the simulator has from the start, approved.
GIVEN = (
    ("hello_world", "en_US", "UTILITY", _body("Welcome and congratulations!")),
    ("soldes", "fr", "MARKETING", [
        *_body(
            "Bonjour {{1}}, profitez de {{2}} dans votre magasin. Répondez STOP pour ne plus en recevoir.",
            "Camille", "-20 %",
        ),
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "STOP"}]},
    ]),
    ("rappel_rendez_vous", "fr", "UTILITY", _body("Bonjour {{1}}, nous vous attendons le {{2}}.", "Camille", "3 mai")),
    ("code_de_connexion", "fr", "AUTHENTICATION", [
        *_body("{{1}} est votre code.", "123456"),
        {"type": "BUTTONS", "buttons": [
            {"type": "URL", "text": "Copier", "url": "https://example.com/?c={{1}}", "example": ["123456"]},
        ]},
    ]),
)  # fmt: skip


class Templates:
    """All templates of the account."""

    def __init__(self, creations_per_hour: int) -> None:
        self._per_hour = creations_per_hour
        self._made_at: deque[float] = deque()
        self._number = 500_000_000_000_000
        self._all: dict[tuple[str, str], Template] = {}
        for name, language, category, components in GIVEN:
            self._put(name, language, category, components).status = "APPROVED"

    def create(self, body: Any, now: float) -> Template:
        """Take a template for review. Raises: GraphError."""
        if not isinstance(body, dict):
            raise GraphError(100, "The body must be a JSON object")
        name, language = body.get("name"), body.get("language")
        category, components = str(body.get("category", "")).upper(), body.get("components")
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise GraphError(100, "name must be lower case letters, digits and underscores")
        if not isinstance(language, str) or not language:
            raise GraphError(100, "language is required")
        if category not in _CATEGORIES:
            raise GraphError(100, f"category must be one of {', '.join(_CATEGORIES)}")
        if not isinstance(components, list) or not any(_is(one, "BODY") for one in components):
            raise GraphError(100, "components must hold a BODY")
        if any(
            _is(one, "BODY") and _PLACES.search(str(one.get("text"))) and not one.get("example") for one in components
        ):
            raise GraphError(100, "component of type BODY is missing expected field(s) (example)", subcode=2388043)
        if (name, language) in self._all:
            raise GraphError(100, "There is already content in this language", subcode=2388024)
        ttl_s = self._ttl(body.get("message_send_ttl_seconds"), category)
        while self._made_at and self._made_at[0] <= now - _HOUR_S:
            self._made_at.popleft()
        if len(self._made_at) >= self._per_hour:
            raise GraphError(80007, "too many templates were created in an hour")
        self._made_at.append(now)
        made = self._put(name, language, category, components)
        made.ttl_s = ttl_s
        return made

    def delete(self, name: str, template_id: str) -> list[Template]:
        """Remove by name, or one language by id. Raises: GraphError."""
        gone = [one for one in self._all.values() if one.name == name and (not template_id or one.id == template_id)]
        if not gone:
            raise GraphError(100, "Message Template Not Found", subcode=2593002)
        for one in gone:
            del self._all[one.name, one.language]
        return gone

    def __len__(self) -> int:
        return len(self._all)

    def page(self, limit: int, after: str) -> tuple[list[Template], str]:
        """Some templates, and the cursor behind them when there are more."""
        every = sorted(self._all.values(), key=lambda one: one.id)
        rest = [one for one in every if one.id > after]
        return rest[:limit], rest[limit - 1].id if len(rest) > limit else ""

    def find(self, name: str, language: str) -> Template | None:
        """One template, whatever its state."""
        return self._all.get((name, language))

    def use(self, wanted: dict[str, Any]) -> Template:
        """The template of a message, when it may be sent with these values. Raises: GraphError."""
        name, language = wanted["name"], wanted["language"]["code"]
        template = self.find(name, language)
        if template is None or template.status in ("PENDING", "REJECTED", "DELETED", "IN_APPEAL"):
            raise GraphError(132001, f"template name ({name}) does not exist in {language}")
        if template.status in ("PAUSED", "FLAGGED"):
            raise GraphError(132015, "the template is paused for its quality")
        if template.status != "APPROVED":
            raise GraphError(132016, "the template is disabled")
        for kind in ("header", "body"):
            given = sum(
                len(one.get("parameters", [])) for one in wanted.get("components", []) if _is(one, kind.upper())
            )
            if (places := self._places(template, kind)) is not None and given != places:
                raise GraphError(132000, f"{kind}: number of localizable_params ({given}) does not match ({places})")
        return template

    def check_ttl(self, template: Template, ttl_s: object) -> None:
        """Whether a message may say this of itself. Raises: GraphError."""
        self._ttl(ttl_s, template.category)

    @staticmethod
    def _places(template: Template, kind: str) -> int | None:
        """How many values a part takes; None for a header that is a file."""
        for component in template.components:
            if _is(component, kind.upper()):
                if component.get("format", "TEXT") != "TEXT":
                    return None
                return len(set(_PLACES.findall(str(component.get("text", "")))))
        return 0

    @staticmethod
    def _ttl(ttl_s: object, category: str) -> int | None:
        if ttl_s is None or (ttl_s == -1 and category != "MARKETING"):
            return None
        least, most = TTL[category]
        if not isinstance(ttl_s, int) or not least <= ttl_s <= most:
            raise GraphError(100, f"message_send_ttl_seconds must be between {least} and {most}")
        return ttl_s

    def _put(self, name: str, language: str, category: str, components: list[dict[str, Any]]) -> Template:
        self._number += 1
        made = Template(id=str(self._number), name=name, language=language, category=category, components=components)
        self._all[name, language] = made
        return made


def _is(component: Any, kind: str) -> bool:
    return isinstance(component, dict) and str(component.get("type", "")).upper() == kind
