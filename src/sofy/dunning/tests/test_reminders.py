"""Reminders: before the due date and after it, on working days, each once, kept with its words and their hash."""

import hashlib
from datetime import date
from decimal import Decimal

import pytest

from sofy.accounts.tests.factories import make_user
from sofy.billing.models import Invoice
from sofy.dunning.models import Act
from sofy.dunning.rules.position import Owed
from sofy.dunning.rules.reminders import due
from sofy.dunning.services import access, disputes, reminders
from sofy.dunning.tests.late import at, late_client
from sofy.kit.rls import staff_scope

STEPS = (-5, 3, 10)


def owed(due_on, **changes):
    values = {
        "number": "F1", "kind": "invoice", "due_on": due_on, "gross_eur": Decimal(120), "open_eur": Decimal(120),
        "contested": False, "frozen": False, "means": "transfer", "collect_on": None, "reference": "",
    }  # fmt: skip
    return Owed(**(values | changes))


@pytest.mark.parametrize(
    ("_case", "today", "invoice", "steps"),
    [
        ("six days before", date(2026, 6, 4), owed(date(2026, 6, 10)), []),
        ("five days before", date(2026, 6, 5), owed(date(2026, 6, 10)), [-5]),
        ("on the weekend, then on Monday", date(2026, 6, 6), owed(date(2026, 6, 10)), []),
        ("the Monday after", date(2026, 6, 8), owed(date(2026, 6, 10)), [-5]),
        ("a debit is announced otherwise", date(2026, 6, 5), owed(date(2026, 6, 10), collect_on=date(2026, 6, 10)), []),
        ("a day late", date(2026, 6, 11), owed(date(2026, 6, 10)), []),
        ("two days late", date(2026, 6, 12), owed(date(2026, 6, 10)), []),
        ("a debit that failed", date(2026, 6, 15), owed(date(2026, 6, 10), collect_on=date(2026, 6, 10)), [3]),
        ("three days late, on a Monday", date(2026, 6, 15), owed(date(2026, 6, 10)), [3]),
        ("ten days late", date(2026, 6, 22), owed(date(2026, 6, 10)), [10]),
        ("too late for it", date(2026, 6, 29), owed(date(2026, 6, 10)), []),
        ("contested", date(2026, 6, 15), owed(date(2026, 6, 10), contested=True), []),
        ("of before an insolvency", date(2026, 6, 15), owed(date(2026, 6, 10), frozen=True), []),
        ("a public holiday", date(2026, 7, 14), owed(date(2026, 7, 10)), []),
    ],
)
def test_which_step_is_due(_case, today, invoice, steps):
    assert list(due([invoice], today, STEPS, set())) == steps


def test_what_was_brought_to_mind_is_not_again():
    late = owed(date(2026, 6, 10))

    assert due([late], date(2026, 6, 15), STEPS, {(3, "F1")}) == {}
    assert due([late], date(2026, 6, 22), STEPS, {(3, "F1")}) == {10: [late]}


@pytest.fixture
def late(engine_db):
    """The invoice of April, 720.00, is due on Friday 1 May."""
    made = late_client()
    made.happens("payment", "2026-04-02", amount_eur="1800.00", invoices=made.numbers[:1])
    make_user(client=made.client, email="owner@example.test", language="fr")
    return made


def kept(late):
    with staff_scope():
        rows = list(Act.objects.using("staff").filter(order_form=late.form, what="reminder").order_by("at"))
        return [(one.step, one.invoices, str(one.text), str(one.proof), one.sha256) for one in rows]


def look(moment):
    at(moment)
    access.carry_out_waiting()
    return reminders.remind_all()


def due_on(late):
    with staff_scope():
        return Invoice.objects.using("staff").get(number=late.numbers[1]).due_on


def test_the_mails_of_one_invoice(late, mailoutbox):
    mailoutbox.clear()
    assert due_on(late) == date(2026, 5, 1)
    days = ("04-24", "04-27", "04-27", "04-28", "05-04", "05-11", "05-12", "06-01")

    sent = [look(f"2026-{day}T10:00") for day in days]

    assert sent == [0, 1, 0, 0, 1, 1, 0, 0]  # five days before is a Sunday
    assert [mail.to for mail in mailoutbox] == [["owner@example.test"]] * 3
    assert [mail.subject.split(" – ")[0] for mail in mailoutbox] == [
        "Factures bientôt à payer",
        *["Relance\N{NO-BREAK SPACE}: factures à payer"] * 2,
    ]
    assert late.numbers[1] in mailoutbox[1].body
    assert "échéance du 1 mai 2026" in mailoutbox[1].body
    acts = kept(late)
    assert [(step, numbers) for step, numbers, *_ in acts] == [(step, late.numbers[1:]) for step in STEPS]
    for (_, _, text, proof, digest), mail in zip(acts, mailoutbox, strict=True):
        assert text == mail.body
        assert digest == hashlib.sha256(text.encode()).hexdigest()
        assert mail.extra_headers["Message-ID"] in proof


@pytest.mark.parametrize("moment", ["2026-05-04T07:59", "2026-05-04T18:00", "2026-05-03T10:00"])
def test_mails_leave_in_office_hours(late, mailoutbox, moment):
    mailoutbox.clear()

    assert (look(moment), len(mailoutbox)) == (0, 0)


def test_what_is_paid_or_contested_is_not_brought_to_mind(late, mailoutbox):
    with staff_scope():
        invoice = Invoice.objects.using("staff").get(number=late.numbers[1])
    at("2026-05-03T10:00")
    disputes.contest(late.client.pk, invoice.pk, reason="x", actor="user:1")
    mailoutbox.clear()

    assert (look("2026-05-04T10:00"), len(mailoutbox)) == (0, 0)


def test_a_mail_that_does_not_leave_is_not_kept_as_sent(late, mailoutbox, monkeypatch):
    from django.core.mail import EmailMessage

    with monkeypatch.context() as away:
        away.setattr(EmailMessage, "send", lambda self: (_ for _ in ()).throw(ConnectionRefusedError()))
        assert look("2026-05-04T10:00") == 0

    assert kept(late) == []
    assert look("2026-05-05T10:00") == 1


def test_a_kill_after_the_mail_keeps_nothing_and_sends_again(late, mailoutbox, monkeypatch):
    mailoutbox.clear()
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(reminders.acts, "keep", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        look("2026-05-04T10:00")

    assert kept(late) == []
    assert look("2026-05-04T10:15") == 1
    assert len(kept(late)) == 1
