"""How fast a contact file becomes contacts: `sofy bench import [--rows N] [--format csv|xlsx] [--json]`.

The file is generated: French names, every phone in another written form, an e-mail for most, consent for most. Numbers
are those nobody owns (+33 7 00 00 00 00 to 99 99 99), so a million rows is the most a file of distinct people can have.
`p50_ms` and `p99_ms` are those of one batch of rows.
The database is a private one on the embedded PostgreSQL with its durability on, which is checked first.
"""

import csv
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from tools.bench import options
from tools.bench.database import peak_mb, private_database

HEADER = (
    "Civilité",
    "Prénom",
    "Nom",
    "Portable",
    "E-mail",
    "Code postal",
    "Date de naissance",
    "Ville",
    "Accord SMS",
    "Date accord",
)
FIRST = [
    "Élodie",
    "Jérôme",
    "Noël",
    "Amélie",
    "Hélène",
    "Loïc",
    "Pénélope",
    "Raphaël",
    "Quentin",
    "Aïcha",
    "Chloé",
    "François",
    "Valérie",
    "Désiré",
    "Kévin",
    "Zoé",
]
LAST_STARTS = [
    "Du",
    "Le",
    "La",
    "Mar",
    "Ber",
    "Lef",
    "Gar",
    "Mor",
    "Gir",
    "Bon",
    "Fon",
    "Rou",
    "Che",
    "Per",
    "Bla",
    "Cor",
    "Val",
    "Sau",
    "Mer",
    "Pel",
]
LAST_ENDS = [
    "pont",
    "tin",
    "nard",
    "èvre",
    "nier",
    "eau",
    "ard",
    "et",
    "nnet",
    "taine",
    "ssel",
    "valier",
    "rin",
    "nchard",
    "mier",
    "lée",
    "niaud",
    "cier",
    "grin",
    "ucher",
]
PLACES = (
    ("75011", "Paris 11"),
    ("97400", "Saint-Denis"),
    ("01000", "Bourg-en-Bresse"),
    ("13001", "Marseille"),
    ("69003", "Lyon"),
)
SHAPES = ("07{}", "+33 7 {}", "0033 7{}", "+33 (0)7 {}", "7{}", "07.{}")
TARGETS = {"csv": 120.0, "xlsx": 20.0}  # seconds for 1,000,000 CSV rows and 100,000 XLSX rows


def people(rows: int, seed: int = 7) -> Iterator[tuple[str, ...]]:
    """Rows of a shop's file; the same seed gives the same file."""
    pick = random.Random(seed)
    for number in range(rows):
        last = pick.choice(LAST_STARTS) + pick.choice(LAST_ENDS)
        first = pick.choice(FIRST)
        rest = f"00{number:06d}"
        phone = SHAPES[number % len(SHAPES)].format(" ".join(rest[at : at + 2] for at in range(0, 8, 2)))
        email = f"{first.lower()}.{last.lower()}{number}@exemple.fr" if number % 4 else ""
        postcode, town = pick.choice(PLACES)
        born = f"{pick.randint(1, 28):02d}/{pick.randint(1, 12):02d}/{pick.randint(1940, 2005)}"
        consent = pick.choices(("oui", "non", "", "1", "stop"), (70, 10, 10, 8, 2))[0]
        agreed = f"{pick.randint(1, 28):02d}/{pick.randint(1, 12):02d}/2025" if consent in ("oui", "1") else ""
        yield (pick.choice(("M.", "Mme", "")), first, last, phone, email, postcode, born, town, consent, agreed)


def write_file(path: Path, rows: int) -> None:
    """The generated file, CSV in cp1252 or XLSX, as its name says."""
    if path.suffix == ".xlsx":
        import xlsxwriter

        with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate((HEADER, *people(rows))):
                sheet.write_row(number, 0, row)
        return
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(people(rows))


def run(rows: int, form: str, *, quiet: bool) -> dict[str, Any]:
    """Generate, import, measure."""
    database = private_database()
    try:
        from sofy.audience.services.imports import import_file
        from sofy.audience.tests.factories import make_book
        from sofy.clients.services import create_client

        client = create_client(name="Bench")
        book = make_book(client)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"people.{form}"
            write_file(path, rows)
            marks: list[tuple[float, int]] = []
            started = time.perf_counter()

            def progress(done: int, total: int) -> None:
                marks.append((time.perf_counter() - started, done))
                if not quiet and len(marks) % 20 == 0:
                    print(f"  {marks[-1][0]:6.1f} s  {done:>9,} of {total:,}", file=sys.stderr, flush=True)

            result = import_file(
                client_id=client.pk,
                book_id=book.pk,
                path=path,
                legal_basis="consent",
                source="bench",
                actor="bench",
                progress=progress,
            )
            seconds = time.perf_counter() - started
        assert result.imported + result.updated + result.rejected == rows
        gaps = sorted(b[0] - a[0] for a, b in pairwise(marks)) or [0.0]
        return {
            "name": f"import-{form}",
            "n": rows,
            "seconds": round(seconds, 2),
            "per_second": round(rows / seconds),
            "p50_ms": round(gaps[len(gaps) // 2] * 1000, 1),
            "p99_ms": round(gaps[int(len(gaps) * 0.99)] * 1000, 1),
            "rss_mb": round(peak_mb(), 1),
            "imported": result.imported,
            "updated": result.updated,
            "rejected": result.rejected,
            "reachable_sms": result.reachable_sms,
        }
    finally:
        from django.db import connections

        connections.close_all()
        database.drop()


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench import", __doc__)
    parser.add_argument(
        "--rows", type=options.whole(options.RESERVED), help="1,000,000 for CSV and 100,000 for XLSX by default"
    )
    parser.add_argument("--format", choices=("csv", "xlsx"), default="csv")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args(argv)
    rows = given.rows or (1_000_000 if given.format == "csv" else 100_000)
    result = run(rows, given.format, quiet=given.json)
    if not given.json:
        for key, value in result.items():
            print(f"{key:>14}  {value}")
        target = TARGETS[given.format] * rows / (1_000_000 if given.format == "csv" else 100_000)
        print(f"{'target':>14}  {target:.1f} s and 400 MB: {'met' if result['seconds'] < target else 'MISSED'}")
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
