"""Books, files and imports for tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sofy.audience.models import Book
from sofy.audience.services.imports import ImportResult, import_file
from sofy.clients.models import Client
from sofy.kit.rls import client_scope

HEADER = ("Civilité", "Prénom", "Nom", "Portable", "E-mail", "Code postal", "Ville", "Accord SMS")


def make_book(client: Client, name: str = "Customers") -> Book:
    """A contact book."""
    with client_scope(client.pk):
        return Book.objects.create(client_id=client.pk, name=name)


def write_csv(path: Path, *rows: Sequence[str], header: Sequence[str] = HEADER, encoding: str = "utf-8") -> Path:
    """A CSV with semicolons, quoted where needed."""
    lines = [";".join(f'"{cell}"' if set(cell) & set(';"\n') else cell for cell in row) for row in (header, *rows)]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path


def person(number: int, *, consent: str = "oui", **fields: str) -> tuple[str, ...]:
    """One row under HEADER; every value can be replaced by its column's name in English."""
    row = {
        "title": "Mme",
        "first": "Élodie",
        "last": "Sœur",
        "phone": f"06 39 98 {number // 100:02d} {number % 100:02d}",
        "email": f"personne{number}@exemple.fr",
        "postcode": "75011",
        "town": "Paris",
        "consent": consent,
        **fields,
    }
    return tuple(row.values())


def import_rows(client: Client, book: Book, path: Path, *rows: Sequence[str], **options: Any) -> ImportResult:
    """Write a file of rows and import it with a declared consent, unless told otherwise."""
    header = options.pop("header", HEADER)
    options = {"legal_basis": "consent", "source": "loyalty card form", "actor": "test", **options}
    return import_file(client_id=client.pk, book_id=book.pk, path=write_csv(path, *rows, header=header), **options)
