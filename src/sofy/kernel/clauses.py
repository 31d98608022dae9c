"""Which code carries out which sentence of the contract.

A rule is marked `@clause("CGVU 14.1")` and its tests `@pytest.mark.clause("CGVU 14.1")`; `sofy clauses` prints article,
sentence, code and tests side by side.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from sofy.kernel.articles import ARTICLES, IN_SCOPE, Article

__all__ = ["ARTICLES", "IN_SCOPE", "REGISTRY", "Article", "Because", "because", "clause", "code_name"]

Rule = TypeVar("Rule", bound=Callable[..., Any])

#: Article reference -> the functions and classes that carry it out, in order of import.
REGISTRY: dict[str, list[Callable[..., Any]]] = {}


def clause(*refs: str) -> Callable[[Rule], Rule]:
    """Register a function or class under the articles it carries out; the function itself is left as it is.

    Raises: ValueError for a reference the contract does not have.
    """
    if not refs:
        raise ValueError('clause() needs at least one article, as in @clause("CGVU 14.1")')
    for ref in refs:
        if ref not in ARTICLES:
            raise ValueError(f"unknown article {ref!r}: sofy.kernel.articles lists those of the contract")

    def register(rule: Rule) -> Rule:
        for ref in refs:
            REGISTRY.setdefault(ref, []).append(rule)
        return rule

    return register


def code_name(rule: Callable[..., Any]) -> str:
    """Where a registered rule lives, as `package.module:qualified.name`."""
    return f"{rule.__module__}:{rule.__qualname__}"


class Because(msgspec.Struct, frozen=True):
    """The sentence of the contract that caused something, word for word."""

    article: str
    sentence: str


def because(article: str, words: str) -> Because:
    """The one sentence of an article that holds these words.

    Raises: ValueError when no sentence of the article does, or several.
    """
    found = [sentence for sentence in ARTICLES[article].sentences if words in sentence]
    if len(found) != 1:
        raise ValueError(f"{len(found)} sentences of {article} hold {words!r}")
    return Because(article, found[0])
