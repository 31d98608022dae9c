"""The accounts of an entity's books, with those of the French general chart where nothing else is said."""

import re
from datetime import date

import msgspec

from sofy.billing.document import Line


class Accounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts by what is booked there. `year_begins`: the month in which the financial year begins.

    Source: plan comptable général (règlement ANC 2014-03). `vat_waiting` holds the VAT of services until they are paid.
    """

    client: str = "411000"
    sales: str = "706000"
    sales_abroad: str = "706000"
    discount: str = "665000"
    late_fees: str = "758000"
    vat: str = "445710"
    vat_waiting: str = "445800"
    bank: str = "512000"
    write_off: str = "658000"
    year_begins: int = 1

    def __post_init__(self) -> None:
        for name in (
            "client",
            "sales",
            "sales_abroad",
            "discount",
            "late_fees",
            "vat",
            "vat_waiting",
            "bank",
            "write_off",
        ):
            if not re.fullmatch(r"[1-7][0-9]{2}[0-9A-Z]{0,9}", getattr(self, name)):
                raise ValueError(f"{name}: an account has three digits of the general chart first, 12 signs at most")
        if not 1 <= self.year_begins <= 12:
            raise ValueError("year_begins: it is a month, from 1 to 12")

    def of(self, line: Line, *, credit: bool) -> str:
        """Where a line of an invoice is booked."""
        if credit and line.code == "discount":
            return self.discount
        if line.code in ("interest", "recovery"):
            return self.late_fees
        return self.sales if line.vat_category == "S" else self.sales_abroad

    def year_of(self, day: date) -> tuple[date, date]:
        """First and last day of the financial year a day is in."""
        first = date(day.year - (day.month < self.year_begins), self.year_begins, 1)
        return first, date.fromordinal(first.replace(year=first.year + 1).toordinal() - 1)


#: What each account is called, in the file and on the page that sets them.
LABELS = {
    "client": "Clients",
    "sales": "Prestations de services",
    "sales_abroad": "Prestations de services sans TVA française",
    "discount": "Escomptes accordés",
    "late_fees": "Produits divers de gestion courante",
    "vat": "TVA collectée",
    "vat_waiting": "TVA en attente d'encaissement",
    "bank": "Banque",
    "write_off": "Charges diverses de gestion courante",
}
