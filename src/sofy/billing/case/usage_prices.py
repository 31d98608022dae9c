"""What messages cost under a contract: by its order form, else by the dated rows of the list."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sofy.contracts.rules.shapes import UsagePrice
from sofy.kernel import prices


class UsagePrices:
    """`own`: those of the order form, which come first; `listed`: those of the list."""

    def __init__(self, own: Iterable[UsagePrice], listed: Iterable[UsagePrice]) -> None:
        self._book = prices.Book([*(_price("client", row) for row in own), *(_price(None, row) for row in listed)])

    def of(self, channel: str, purpose: str, country: str, network: str, day: date) -> Decimal | None:
        """The price of one, on the day of its hand-over; none where nobody says. Unit: EUR before VAT."""
        destination = f"{country}/{network}" if network else country
        return self._book.sale("client", channel, purpose, destination, day)


def _price(owner: str | None, row: UsagePrice) -> prices.Price:
    price = Decimal(row.unit_price_eur)
    return prices.Price(owner, row.channel, row.purpose, row.country, row.network, price, row.since)
