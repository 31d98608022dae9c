"""A late payer, for tests and for eyes: vectors of the contract, worked by hand."""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from sofy.billing.document import Because
from sofy.billing.paper.case_file import Act, CaseFile, Movement, SentNotice
from sofy.billing.paper.claims import LateInvoice
from sofy.billing.paper.formal_notice import FormalNotice
from sofy.billing.rules.lateness import Segment
from sofy.billing.tests.factories import FRENCH, SELLER
from sofy.contracts.rules import days
from sofy.kernel.articles import ARTICLES

D, PARIS = Decimal, ZoneInfo("Europe/Paris")
#: Notice proved on Thursday 30 April 2026: the fifth business day is Monday 11 May.
DAYS = tuple(days.count(date(2026, 4, 30)))
SPLIT = LateInvoice(
    "FA-2025-000311", date(2025, 11, 15), date(2025, 12, 15), D("1200.00"), D("1200.00"),
    (
        Segment(date(2025, 12, 16), date(2025, 12, 31), D("1200.00"), "2025-H2", D("2.76"), D("4.36")),
        Segment(date(2026, 1, 1), date(2026, 1, 31), D("1200.00"), "2026-H1", D("2.62"), D("8.01")),
    ),
)  # fmt: skip
PART_PAID = LateInvoice(
    "FA-2026-000031", date(2026, 1, 31), date(2026, 3, 2), D("1440.00"), D("940.00"),
    (
        Segment(date(2026, 3, 3), date(2026, 3, 12), D("1440.00"), "2026-H1", D("2.62"), D("3.10")),
        Segment(date(2026, 3, 13), date(2026, 4, 30), D("940.00"), "2026-H1", D("2.62"), D("9.92")),
    ),
)  # fmt: skip
UNKNOWN = LateInvoice(
    "FA-2026-000131", date(2026, 6, 1), date(2026, 7, 1), D("1200.00"), D("1200.00"),
    (Segment(date(2026, 7, 2), date(2026, 7, 31), D("1200.00"), "2026-H2", None, None),),
)  # fmt: skip
BECAUSE = tuple(
    Because(article, sentence)
    for article, sentences in (
        ("CGVU 7.1", ARTICLES["CGVU 7.1"].sentences),
        ("CGVU 7.2", ARTICLES["CGVU 7.2"].sentences[:6]),
        ("CGVU 22", ARTICLES["CGVU 22"].sentences[1:2]),
    )
    for sentence in sentences
)


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _at(month, day, hour, minute):
    return datetime(2026, month, day, hour, minute, 5, tzinfo=PARIS)


def late() -> CaseFile:
    """One formal notice, proved; access suspended after it."""
    formal = SentNotice(
        "formal", "email", _at(4, 29, 17, 2), ("FA-2025-000311", "FA-2026-000031"),
        sent_proof="accepté par le serveur du destinataire, 250 2.0.0, file 4F2A19",
        delivered_at=_at(4, 30, 9, 12), proof_kind="acknowledgement",
        proof="lien à usage unique ouvert et confirmé par N. Benali",
        sha256=_hash("formal"), days=DAYS, acts_from=date(2026, 5, 12),
    )  # fmt: skip
    acts = (
        Act(_at(3, 16, 8, 0), "Première relance par e-mail", _hash("r1"), "le système"),
        Act(_at(4, 29, 17, 2), "Mise en demeure envoyée", _hash("formal"), "C. Morel", "CGVU 7.2"),
        Act(_at(4, 30, 9, 12), "Réception confirmée par le destinataire", _hash("ack"), "N. Benali", "CGVU 7.2"),
        Act(_at(5, 12, 0, 0), "Accès suspendu ; les abonnements restent facturés", _hash("s"), "le système", "CGVU 11"),
    )  # fmt: skip
    return CaseFile(
        "DR-2026-0005", date(2026, 5, 12), SELLER, FRENCH, "BC-2026-0007", (SPLIT, PART_PAID),
        movements=(Movement(date(2026, 3, 12), "FA-2026-000031", "payment", D("500.00"), "VIR PORT ET FILS"),),
        notices=(formal,), acts=acts, because=BECAUSE,
    )  # fmt: skip


def hard() -> CaseFile:
    """A rate that is missing, a notice that nobody proved, a second one, many acts, names that look like markup."""
    made = late()
    unproved = msgspec.structs.replace(
        made.notices[0], delivered_at=None, proof_kind="", proof="", days=(), acts_from=None
    )
    second = msgspec.structs.replace(made.notices[0], what="second", channel="registered", proof_kind="registered")
    acts = tuple(
        Act(
            _at(5, 13, 8, n % 60),
            f"Relance n° {n} #panic() *gras* <x> @y $z$ " + "long " * 12,
            _hash(str(n)),
            "système",
        )
        for n in range(30)
    )
    debtor = msgspec.structs.replace(FRENCH, name="Société " * 20 + "Z" * 80)
    returned = Movement(date(2026, 7, 8), "FA-2026-000131", "return", D("-1200.00"), "AM04 " + "référence " * 8)
    return msgspec.structs.replace(
        made, debtor=debtor, invoices=(*made.invoices, UNKNOWN), notices=(unproved, made.notices[0], second),
        acts=made.acts + acts, movements=(*made.movements, returned),
    )  # fmt: skip


ALL = {"late": late, "hard": hard}


def formal() -> FormalNotice:
    """A first notice, written on Thursday 30 April 2026."""
    return FormalNotice(
        "MD-2026-0003", date(2026, 4, 30), SELLER, FRENCH, "BC-2026-0007", (SPLIT, PART_PAID), date(2026, 5, 11),
        reference="RF31FA2026000123", acknowledge_url="https://app.sofy.example/n/7Qm2pVx4T9yB",
        signed_by="Claire Morel, responsable du recouvrement",
    )  # fmt: skip


def second() -> FormalNotice:
    """The second one, with a rate that is not published and names that look like markup."""
    debtor = msgspec.structs.replace(FRENCH, name="#panic() *Société* _du_ $Port$ @ref <x> " + "Y" * 70)
    return msgspec.structs.replace(
        formal(), kind="second", number="MD-2026-0004", debtor=debtor, invoices=(SPLIT, PART_PAID, UNKNOWN),
        written_on=date(2026, 7, 31), last_day=date(2026, 8, 7), acknowledge_url="",
    )  # fmt: skip


NOTICES = {"formal": formal, "second": second}
