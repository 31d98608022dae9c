"""Refusals as programs read them: RFC 9457, in the language they ask for."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sofy.ingest import words
from sofy.ingest.shapes import Language, Problem

MEDIA_TYPE: Final = "application/problem+json"


class Fault(Exception):
    """Why a request, or one message of a batch, is not taken. `pointer`: where in the body (RFC 6901).

    `doubtful`: it may be stored all the same, since nobody heard how the database ended it.
    """

    def __init__(
        self,
        code: str,
        status: int = 422,
        *,
        article: str = "",
        pointer: str = "",
        retry_after_s: int = 0,
        doubtful: bool = False,
        **facts: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.article = article
        self.pointer = pointer
        self.retry_after_s = retry_after_s
        self.doubtful = doubtful
        self.facts = facts

    def detail(self, language: Language) -> str:
        """What is wrong and what to do."""
        facts = {name: getattr(value, language) if isinstance(value, words.Words) else value
                 for name, value in self.facts.items()}  # fmt: skip
        return str(getattr(words.DETAILS[self.code], language)).format_map(facts)


def language_of(accepts: str) -> Language:
    """The language of an Accept-Language header: French, unless English is wanted more. Source: RFC 9110, 12.5.4."""
    best = {"fr": 0.0, "en": 0.0}
    for range_ in accepts.split(","):
        tag, _, parameters = range_.partition(";")
        quality = re.fullmatch(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", parameters) if parameters else None
        language = tag.strip().lower().partition("-")[0]
        if language in best and (quality or not parameters):
            best[language] = max(best[language], float(quality[1]) if quality else 1.0)
    return "en" if best["en"] > best["fr"] else "fr"


def problem(fault: Fault, language: Language) -> Problem:
    """The body of a refusal."""
    facts = {name: value for name, value in fault.facts.items() if isinstance(value, str | int)}
    return Problem(
        f"urn:sofy:problem:{fault.code}", getattr(words.TITLES[fault.status], language), fault.status, fault.code,
        fault.detail(language), fault.article, fault.pointer, facts,
    )  # fmt: skip


def answer(request: Request, fault: Fault, headers: Mapping[str, str] | None = None) -> Response:
    """The whole answer of a refusal."""
    language = language_of(request.headers.get("accept-language", ""))
    told = {"content-language": language, "cache-control": "no-store", **(headers or {})}
    if fault.retry_after_s:
        told["retry-after"] = str(fault.retry_after_s)
    if fault.status == 401:
        told["www-authenticate"] = 'Bearer realm="sofy"'
    return Response(msgspec.json.encode(problem(fault, language)), fault.status, told, MEDIA_TYPE)
