"""A file that is no case says where it is wrong, and nothing of it is guessed or passed over."""

import copy
import json
from typing import Any

import pytest

from sofy.billing.case.shapes import Unreadable, read

CASE: dict[str, Any] = {
    "format": 1,
    "entity": {"name": "OPTIMA FRANCE"},
    "client": {"name": "Client"},
    "order_form": {
        "number": "BC-1", "signed_at": "2026-01-01", "starts_on": "2026-01-01", "term_months": 12,
        "items": [{"code": "view", "product": "soview", "unit_price_eur": "600.00"}],
    },
    "events": [{"at": "2026-06-01", "type": "charge", "label": "Prestation", "amount_eur": "1000.00"}],
}  # fmt: skip


def changed(*way: Any) -> bytes:
    """The case with one value in another's place: the way to it, then the value."""
    case = copy.deepcopy(CASE)
    at: Any = case
    for step in way[:-2]:
        at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
    at[way[-2]] = way[-1]
    return json.dumps(case).encode()


@pytest.mark.parametrize(
    ("way", "path"),
    [
        (("order_form", "term_months", 18), "$.order_form.term_months"),
        (("order_form", "renewal_months", 0), "$.order_form.renewal_months"),
        (("order_form", "starts_on", "0001-01-01"), "$.order_form.starts_on"),
        (("order_form", "payment", "means", "card"), "$.order_form.payment.means"),
        (("order_form", "payment", "days", 90), "$.order_form.payment.days"),
        (("order_form", "payment", "discount_percent", "200"), "$.order_form.payment.discount_percent"),
        (("order_form", "payment", "discount_days", 31), "$.order_form.payment.discount_days"),
        (("order_form", "payment", "recovery_eur", "-1"), "$.order_form.payment.recovery_eur"),
        (("order_form", "service_level", "claim_days", 10**12), "$.order_form.service_level.claim_days"),
        (("order_form", "service_level", "maintenance_hours", -1), "$.order_form.service_level.maintenance_hours"),
        (("order_form", "revision", "month", "00"), "$.order_form.revision.month"),
        (("order_form", "revision", "base_month", "2025-1"), "$.order_form.revision.base_month"),
        (("order_form", "items", 0, "quantity", 10**30), "$.order_form.items[0].quantity"),
        (("order_form", "items", 0, "unit_price_eur", "-1.00"), "$.order_form.items[0].unit_price_eur"),
        (("tables", "legal_rate", [{"half": "2026-H2", "percent": "-1"}]), "$.tables.legal_rate[0].percent"),
        (
            ("tables", "vat_rate", [{"territory": "XX", "percent": "5", "from": "2026-01-01"}]),
            "$.tables.vat_rate[0].territory",
        ),
        (("readings", "revision_from_month", -1), "$.readings.revision_from_month"),
        (("events", 0, "amount_eur", "-5.00"), "$.events[0].amount_eur"),
        (("events", 0, "amount_eur", 1000), "$.events[0].amount_eur"),
        (("events", 0, "amount_eur", "١٢.٣٠"), "$.events[0].amount_eur"),
        (("events", 0, "at", "2026-W10-1"), "$.events[0].at"),
        (("events", 0, "at", "20260601"), "$.events[0].at"),
        (("events", 0, "label", "a\x00b"), "$.events[0].label"),
        (("client", "name", "Martin\uffff"), "$.client.name"),
        (("events", 0, "colour", "red"), "$.events[0].colour"),
        (
            ("events", 0, {"at": "2026-05-01", "type": "usage", "channel": "sms", "quantity": 1, "status": "gone"}),
            "$.events[0].status",
        ),
        (
            ("events", 0, {"at": "2026-05-01", "type": "routing", "month": "April", "handed_over": 5, "failed": 1}),
            "$.events[0].month",
        ),
        (
            ("events", 0, {"at": "2026-05-01", "type": "routing", "month": "2026-04", "handed_over": 5, "failed": 9}),
            "$.events[0].failed",
        ),
        (("events", 0, {"at": "2026-05-01", "type": "fine", "amount_eur": "-1.00"}), "$.events[0].amount_eur"),
        (("events", 0, {"at": "2026-05-01", "type": "payment", "amount_eur": "1.005"}), "$.events[0].amount_eur"),
        (("events", 0, {"at": "2026-05-01", "type": "indemnity", "amount_eur": "1.005"}), "$.events[0].amount_eur"),
        (
            ("events", 0, {"at": "2026-05-01", "type": "sepa_return", "invoice": "F", "amount_eur": "1.005"}),
            "$.events[0].amount_eur",
        ),
        (("events", 0, {"at": "2026-05-01", "type": "poi_activated", "count": 10**30}), "$.events[0].count"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_wrong_is_said_with_its_place(way, path):
    with pytest.raises(Unreadable) as refused:
        read(changed(*way))

    assert refused.value.path == path


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(CASE).encode().replace(b'"term_months": 12', b'"term_months": 24, "term_months": 12'),
        b'{"format": 1, "entity": {"name": "\xff"}}',
        b'{"format": NaN}',
        b"[" * 100_000,
        b"",
        b"null",
    ],
    ids=["a key twice", "not UTF-8", "not a number", "too deep", "nothing", "null"],
)
def test_what_is_no_case_at_all_is_said_in_words(data):
    with pytest.raises(Unreadable) as refused:
        read(data)

    assert refused.value.path == "$"
    assert refused.value.message
