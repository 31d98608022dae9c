"""One article of the contract."""

from typing import NamedTuple


class Article(NamedTuple):
    """One article: its title and the sentences that oblige somebody to something, word for word, in French."""

    title: str
    sentences: tuple[str, ...]
