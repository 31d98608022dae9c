"""How long a bank statement takes: read as it streams in, checked, and every line matched with what is open.

    sofy bench bank [--entries N] [--load [--contracts N]] [--json]

The camt.053 is made beforehand: direct debits one by one and as batches without details, transfers that name their
invoice by reference or in a text as people write it, several invoices at once, part payments, payments above what is
due, known accounts, debits that came back, fees, and lines that say nothing or too much. What becomes of each is known,
and checked. `read_s` is reading alone, `seconds` indexing the open items, reading and matching; `p50_ms` and `p99_ms`
are of a line; `rss_mb` is of this process. With `--load` the lines are kept and recorded in a database of its own
(`bank_load`).
"""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tools.bench import bank_load, options
from tools.bench.database import peak_mb

TARGET_S = 60.0
USUAL, MOST = 100_000, 1_000_000
ACCOUNT = "FR7630006000011234567890189"
DAY, DUE = date(2026, 7, 1), date(2026, 7, 1)
#: Kind of line -> its share, and what becomes of it.
KINDS = {
    "debit": (30, "matched"),
    "block": (4, "matched"),
    "reference": (14, "matched"),
    "number": (18, "matched"),
    "several": (5, "matched"),
    "part": (4, "matched"),
    "over": (4, "matched"),
    "account": (6, "matched"),
    "return": (6, "returned"),
    "fees": (3, "fees"),
    "typo": (2, "queue"),
    "unknown": (4, "queue"),
}
BLOCK = 5
WAYS = (
    "Facture {0}",
    "REGLEMENT FACT.{0} MERCI",
    "{1}",
    "VIR SEPA {2} CREPERIE & FILS",
    "FACTURE{1}",
    "no {3} du 01/06/2026",
    "{0}/juillet",
    "Paiement de la facture numero {2} pour le magasin de la rue de l'Oeuf, avec nos excuses pour le retard",
)
NOISE = "LOYER JUILLET & CHARGES <rappel> ]]> é€ 123456789 FR7630006000011234567890189 RF18 2026-06-30 0639980000 "


class Made:
    """What is open and what the bank says of it; everything follows from the number of the line."""

    def __init__(self, entries: int) -> None:
        kinds = [kind for kind, (share, _) in KINDS.items() for _ in range(share)]
        pick = random.Random(7)
        self.kinds = [pick.choice(kinds) for _ in range(entries)]
        self.cents = [pick.randint(1_000, 500_000) for _ in range(entries)]

    def amount(self, n: int) -> Decimal:
        return Decimal(self.cents[n]).scaleb(-2)

    @staticmethod
    def number(n: int, part: int = 0) -> str:
        return f"FA-2026-{n * 10 + part:08d}"

    def book(self) -> Any:
        """The open items of all lines, indexed."""
        from sofy.billing.rules.matching import Book, Client, Debit, Invoice

        invoices, debits, clients = [], [], []
        for n, kind in enumerate(self.kinds):
            client = f"c{n}"
            parts = {"block": BLOCK, "several": 2, "fees": 0, "unknown": 0}.get(kind, 1)
            if kind == "account":
                clients.append(Client(id=client, name=f"Boutique {n}", ibans=(self.iban(n),)))
            for part in range(parts):
                open_eur = Decimal(0) if kind == "return" else self.amount(n)
                known = f"{n}-{part}"
                number = self.number(n, part)
                invoices.append(Invoice(id=known, number=number, client_id=client, open_eur=open_eur, due_on=DUE))
                if kind in ("debit", "block", "return"):
                    debits.append(
                        Debit(
                            id=known, invoice_id=known, client_id=client, end_to_end_id=f"E{known}",
                            amount_eur=self.amount(n), due_on=DUE, payment_id=f"P{n}", message_id=f"M{n // 1000}",
                            state="collected" if kind == "return" else "sent",
                        )
                    )  # fmt: skip
        return Book(invoices, debits, clients)

    @staticmethod
    def iban(n: int) -> str:
        return f"DE{n % 97:02d}{n:018d}"

    def entries(self) -> Iterator[Any]:
        for n in range(len(self.kinds)):
            yield self.entry(n)

    def entry(self, n: int) -> Any:
        """One line of the bank."""
        from sofy.wire.camt import Entry, Total

        kind, amount = self.kinds[n], self.amount(n)
        credit = kind not in ("return", "fees")
        code = {"debit": "PMNT-IDDT-ESDD", "block": "PMNT-IDDT-ESDD", "return": "PMNT-IDDT-UPDD"}.get(kind)
        code = code or ("PMNT-MDOP-CHRG" if kind == "fees" else "PMNT-RCDT-ESCT")
        moved = amount * {"block": BLOCK, "several": 2}.get(kind, 1)
        moved = {"part": amount - 1, "over": amount + 1, "return": amount + 3}.get(kind, moved)
        totals = (Total(payment_id=f"P{n}", count=BLOCK),) if kind == "block" else ()
        details = () if kind in ("block", "fees") else (self.detail(n, kind, moved),)
        return Entry(
            key="", number=n + 1, line=0, amount=moved, currency="EUR", credit=credit, status="BOOK", booked_on=DAY,
            value_on=DAY, code=code, reference=f"R{n}" if n % 3 else "", text=f"LIGNE {n}" if n % 2 else "",
            totals=totals, details=details,
        )  # fmt: skip

    def detail(self, n: int, kind: str, moved: Decimal) -> Any:
        """The payment of a line."""
        from sofy.wire.camt import Detail, Return
        from sofy.wire.sepa.identifiers import reference_of

        if kind in ("debit", "return"):
            back = Return("AM04", "Provision insuffisante") if kind == "return" else None
            return Detail(
                credit=kind == "debit", amount=moved - 3 if back else moved, end_to_end_id=f"E{n}-0", returned=back,
                charges=Decimal(3 if back else 0), debtor=f"Boutique {n}", debtor_iban=self.iban(n),
                mandate_id=f"RUM-{n}",
            )  # fmt: skip
        number = self.number(n)
        compact = number.replace("-", "")
        texts: tuple[str, ...] = ()
        references: tuple[str, ...] = ()
        if kind == "reference":
            references = (reference_of(number),)
        elif kind == "several":
            texts = (f"{number} + {self.number(n, 1)}",)
        elif kind in ("number", "part", "over"):
            whole = WAYS[n % len(WAYS)].format(number, compact, number.replace("-", " "), f"FA-2026-{n * 10}")
            texts = (whole[:35], whole[35:]) if len(whole) > 35 and n % 2 else (whole,)
        elif kind == "typo":
            references = (f"RF00{compact}",)
        elif kind == "unknown":
            texts = (NOISE * (1 + n % 4),)
        return Detail(
            credit=True, amount=moved, end_to_end_id="NOTPROVIDED", debtor=f"Boutique {n} & Cie",
            debtor_iban=self.iban(n), creditor="Sofy", creditor_iban=ACCOUNT, texts=texts, references=references,
        )  # fmt: skip


def make(made: Made, path: Path) -> Decimal:
    """Write the statement; what its lines come to."""
    from sofy.wire.camt import Balance, Statement, write

    total = sum((one.signed for one in made.entries()), Decimal(0))
    head = Statement(
        message="camt.053", version="08", message_id="M", id="2026-00001", account=ACCOUNT, currency="EUR",
        opening=Balance("OPBD", DAY, Decimal("-1000.00")), closing=Balance("CLBD", DAY, total - 1000),
    )  # fmt: skip
    with path.open("wb") as out:
        for piece in write(head, made.entries(), created_at=datetime(2026, 7, 2, tzinfo=UTC)):
            out.write(piece)
    return total


def lines(path: Path) -> Iterator[Any]:
    """The lines of a statement, as they stream in."""
    from sofy.wire.camt import Entry, read

    with path.open("rb") as source:
        for item in read(source):
            if isinstance(item, Entry):
                yield item


def measure(made: Made, path: Path) -> dict[str, Any]:
    """Read once alone, then read and match; what became of each line must be what was meant."""
    from sofy.billing.rules.matching import match_all

    total = make(made, path)
    began = time.perf_counter()
    read_alone = sum(1 for _ in lines(path))
    read_s = time.perf_counter() - began
    began = time.perf_counter()
    book = made.book()
    index_s = time.perf_counter() - began
    kinds: Counter[str] = Counter()
    accounted = Decimal(0)
    taken_ms: list[float] = []
    last = time.perf_counter()
    for outcome in match_all(lines(path), book):
        kinds[outcome.kind] += 1
        accounted += outcome.accounted_eur
        taken_ms.append((time.perf_counter() - last) * 1000)
        last = time.perf_counter()
    seconds = last - began
    taken_ms.sort()
    wanted = Counter(KINDS[kind][1] for kind in made.kinds)
    if kinds != wanted or accounted != total or read_alone != len(made.kinds):
        raise SystemExit(f"{dict(wanted)} and {total} were meant, {dict(kinds)} and {accounted} came out")
    return {
        "name": "bank",
        "n": read_alone,
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "invoices": len(book.invoices),
        "seconds": round(seconds, 2),
        "per_second": round(read_alone / seconds),
        "p50_ms": round(taken_ms[len(taken_ms) // 2], 3),
        "p99_ms": round(taken_ms[len(taken_ms) * 99 // 100], 3),
        "read_s": round(read_s, 2),
        "index_s": round(index_s, 2),
        **{kind: kinds[kind] for kind in ("matched", "returned", "fees", "queue")},
        "rss_mb": round(peak_mb(), 1),
    }


def run(entries: int) -> dict[str, Any]:
    """One statement of that many lines."""
    with tempfile.TemporaryDirectory(prefix="sofy-bank-") as folder:
        return measure(Made(entries), Path(folder) / "statement.xml")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = options.Parser("sofy bench bank", __doc__)
    parser.add_argument("--entries", type=options.whole(MOST), default=USUAL, help="lines of the statement")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--load", action="store_true", help="keep and record the lines in a database, too")
    parser.add_argument("--contracts", type=options.whole(10_000), default=200, help="contracts that --load pays")
    given = parser.parse_args(argv)
    if given.load:
        options.tell(bank_load.run(given.entries, given.contracts), json_only=given.json)
        return 0
    result = run(given.entries)
    if not given.json:
        met = "met" if result["seconds"] < TARGET_S else "MISSED"
        options.show({"target": f"100,000 lines in under {TARGET_S:.0f} s: {met}"})
    options.tell(result, json_only=given.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
