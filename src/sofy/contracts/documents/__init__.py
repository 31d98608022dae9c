"""The documents a client accepts, as they were published: never edited, a new version is a new file."""

import hashlib
from functools import cached_property
from importlib.resources import files
from typing import Final, Literal


class Published:
    """One version of one document. `version`: the day it came into force."""

    def __init__(self, kind: Literal["cgvu", "dpa"], version: str, title: str) -> None:
        self.kind, self.version, self.title = kind, version, title

    @cached_property
    def text(self) -> str:
        """Its words."""
        return (files(__package__) / f"{self.kind}-{self.version}.fr.txt").read_text(encoding="utf-8")

    @cached_property
    def sha256(self) -> str:
        """The hash an acceptance names, of the bytes of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()


CGVU: Final = Published("cgvu", "2026-03-24", "Conditions générales de vente et d'utilisation")
DPA: Final = Published("dpa", "2026-03-24", "Annexe : accord sur le traitement des données personnelles")
