"""The second half of the demo: a client signs on 1 April 2026, pays early, grows, pays late; each document is checked.

The same services as in production, on a clock that stands where the story is. Each run has a company of its own, since
the days of a series of invoices never go back.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sofy.kernel import clock
from sofy.press import words
from sofy.project import demo_contract, people
from sofy.project.processes import write_json
from sofy.project.progress import Still, say
from sofy.project.speech import gettext as _
from sofy.project.speech import language

SIGNED: Final = datetime(2026, 4, 1, 9, tzinfo=clock.PARIS)
LAST_DAY: Final = date(2026, 6, 30)
POI, MORE, PRICE_EUR, LIST_EUR = 20, 5, "360.00", "384.00"
_EARLY = datetime(2026, 4, 8, 15, tzinfo=clock.PARIS)
_GROWN = datetime(2026, 4, 16, 10, tzinfo=clock.PARIS)
_NOTICE = datetime(2026, 5, 20, 9, tzinfo=clock.PARIS)
_PART = datetime(2026, 5, 26, 11, tzinfo=clock.PARIS)
_REST = datetime(2026, 6, 12, 16, tzinfo=clock.PARIS)
_PART_EUR: Final = Decimal(1000)


@dataclass
class Year:
    """What came of it: the state as `sofy case` tells it, and the documents that were written and found valid."""

    state: dict[str, Any]
    written: list[Path]
    valid: int

    def figures(self) -> dict[str, Any]:
        """For the last line of the demo."""
        return {
            "documents": [one["number"] for one in self.state["invoices"]],
            "valid": self.valid,
            "discount_eur": [one["payable_eur"] for one in self.state["discounts"] if one["state"] == "granted"],
            "penalties_eur": [one["total_eur"] for one in self.state["penalties"]],
            "notice_last_day": [one["last_day"] for one in self.state["notices"]],
            "open_eur": self.state["balance"]["owed_eur"],
        }


def run(var: Path) -> Year:
    """Play the story and write its documents below `var/demo`."""
    from sofy.billing.einvoice.validator import Validator

    with Still(_("Following a contract from 1 April 2026")), Validator() as validator:
        with clock.stopped_at(SIGNED) as move:
            client, form = _signed()
            replay = _lived(client, form, move, validator)
        return _written(replay, validator, var / "demo" / "invoices")


def _signed() -> tuple[Any, Any]:
    client = people.new_client("Crêperies Le Gall", signed=False)
    item = {
        "code": "soreach", "product": "soreach", "label": "SoReach", "per": "poi", "quantity": POI,
        "unit_price_eur": PRICE_EUR, "list_price_eur": LIST_EUR, "every": "year",
    }  # fmt: skip
    form = {"starts_on": str(SIGNED.date()), "term_months": 12, "renewal_months": 12, "items": [item]}
    run_of = client.slug[-4:]
    company = demo_contract.company(code=f"demo-{run_of}", series=run_of.upper())
    return client, demo_contract.accepted(client, company, form, signer="Maëlle Le Gall", actor="demo")


def _lived(client: Any, form: Any, move: Callable[[datetime], None], validator: Any) -> Any:
    """Each thing on its day; what follows from it is issued that day."""
    from sofy.billing.services import events, freezing

    def catch_up(day: date) -> Any:
        return freezing.catch_up(client.pk, form.pk, as_of=day, validator=validator, actor="demo").replay

    def happens(at: datetime, **event: Any) -> Any:
        move(at)
        told = {"at": at.isoformat(), **event}
        events.record(client.pk, form.pk, told, source="demo", source_key=f"{event['type']}/{at}", actor="demo")
        return catch_up(at.date())

    first = catch_up(SIGNED.date()).book.accounts[0].document
    happens(_EARLY, type="payment", amount_eur=f"{first.payment.discount.payable_eur}", invoices=[first.number])
    second = happens(_GROWN, type="poi_activated", count=MORE).book.accounts[-1].document
    happens(_NOTICE, type="notice_sent")
    happens(_NOTICE.replace(hour=10), type="notice_delivered", proof="acknowledgement")
    happens(_PART, type="payment", amount_eur=f"{_PART_EUR}", invoices=[second.number])
    rest = second.gross_eur - _PART_EUR
    happens(_REST, type="payment", amount_eur=f"{rest}", invoices=[second.number])
    move(datetime.combine(LAST_DAY, SIGNED.timetz()))
    return catch_up(LAST_DAY)


def _written(replay: Any, validator: Any, folder: Path) -> Year:
    from sofy.billing.case.answer import told
    from sofy.billing.einvoice import facturx
    from sofy.billing.einvoice.validator import fatal
    from sofy.billing.services import rendering

    folder.mkdir(parents=True, exist_ok=True)
    written, valid = [], 0
    for account in replay.book.accounts:
        files = rendering.made(account.document)
        path = folder / f"{files.number}.pdf"
        path.write_bytes(files.pdf)
        written.append(path)
        valid += not fatal(validator.findings(facturx.xml_of(path.read_bytes()), "cii"))
    state = told(replay)
    write_json(folder.parent / "contract.json", state)
    return Year(state, written, valid)


def summarise(year: Year) -> None:
    """What happened to the contract, in words."""
    say(_("A contract from 1 April to 30 June 2026"))
    for line in _lines(year.state):
        say(f"  {line}")
    said = _("{valid} of {number} documents are valid Factur-X: {folder}")
    said = said.format(valid=year.valid, number=len(year.written), folder=year.written[0].parent)
    say(f"  {said}\n")


def _lines(state: dict[str, Any]) -> Iterator[str]:
    for invoice in state["invoices"]:
        yield _("{number} of {day}: {net} before VAT, {gross} with it").format(
            number=invoice["number"], day=_day(invoice["issued_on"]), net=_eur(invoice["net_eur"]),
            gross=_eur(invoice["gross_eur"]),
        )  # fmt: skip
    for discount in state["discounts"]:
        if discount["state"] == "granted":
            yield _("{invoice}: {payable} settled it on {day}, {less} before VAT less for paying early").format(
                invoice=discount["invoice"], payable=_eur(discount["payable_eur"]), day=_day(discount["granted_on"]),
                less=_eur(discount["net_eur"]),
            )  # fmt: skip
    for notice in state["notices"]:
        counted = ", ".join(_day(day["day"]) for day in notice["calendar"] if day["business_day"])
        yield _("formal notice received on {day}, business days {days}, access closed from {acts}").format(
            day=_day(notice["delivered_at"]), days=counted, acts=_day(notice["acts_from"])
        )
    for penalty in state["penalties"]:
        yield _("{invoice}: {days} days late, {interest} of interest and {recovery} for recovery").format(
            invoice=penalty["invoice"], days=penalty["days"], interest=_eur(penalty["interest_eur"]),
            recovery=_eur(penalty["recovery_eur"]),
        )  # fmt: skip


def _day(text: str) -> str:
    return words.day(date.fromisoformat(text[:10]), _language())


def _eur(text: str) -> str:
    return words.amount(Decimal(text), _language())


def _language() -> words.Language:
    return "en" if language() == "en" else "fr"
