"""The collections board and the page of one late payer: amounts by age, what comes next and from when, every act."""

import csv
import hashlib
import io
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.billing.models import Invoice
from sofy.billing.services import facts, tables
from sofy.clients.models import Client
from sofy.clients.tests.factories import make_client
from sofy.contracts.models import Notice
from sofy.dunning import board
from sofy.dunning.models import Act
from sofy.dunning.services import access, disputes, files, promises, standings
from sofy.dunning.tests.late import at, late_client
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope, staff_scope

LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
PERSON = "user:7"


@pytest.fixture
def late(engine_db):
    made = late_client()
    make_user(client=made.client, email="owner@example.test", language="fr")
    return made


@pytest.fixture
def staff(late):
    return browser()


def browser(language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(make_user(is_operator=True), "allauth.account.auth_backends.AuthenticationBackend")
    return made


def payer(late):
    return reverse("dunning:payer", args=[late.client.pk, late.form.pk])


def does(late, staff, what, **given):
    return staff.post(reverse("dunning:act", args=[late.client.pk, late.form.pk, what]), given, follow=True)


def line(late, view="late"):
    return next((one for one in board.rows(view) if one.order_form_id == late.form.pk), None)


def test_amounts_stand_in_the_column_of_their_age(late):
    """Invoices of 1,800.00 due on 1 April and of 720.00 due on 1 May."""
    columns = {}
    for day in ("04-01", "04-02", "05-01", "05-02", "06-01", "07-01", "07-31"):
        late.on(f"2026-{day}T12:00")
        row = line(late, "open").standing
        columns[day] = [int(getattr(row, name)) for name in board.AMOUNTS]

    assert columns == {
        "04-01": [2520, 0, 0, 0, 0],
        "04-02": [720, 1800, 0, 0, 0],
        "05-01": [720, 1800, 0, 0, 0],
        "05-02": [0, 720, 1800, 0, 0],
        "06-01": [0, 0, 720, 1800, 0],
        "07-01": [0, 0, 0, 720, 1800],
        "07-31": [0, 0, 0, 0, 2520],
    }


@pytest.mark.clause("CGVU 7.2", "CGVU 11")
def test_what_comes_next_and_from_which_day(late):
    def told(moment):
        late.on(moment)
        row = line(late).standing
        return row.next_act, row.next_act_on

    assert told("2026-04-29T10:00") == ("formal_notice", date(2026, 4, 2))
    late.happens("notice_sent", "2026-04-29T17:02", invoices=late.numbers[:1])
    assert told("2026-04-29T18:00") == ("second_channel", date(2026, 5, 4))
    late.happens("notice_delivered", "2026-04-30T09:12", proof="acknowledgement")
    assert told("2026-04-30T10:00") == ("suspension", date(2026, 5, 12))
    assert told("2026-05-12T10:00") == ("second_notice", date(2026, 5, 12))
    late.happens("notice_sent", "2026-05-12T11:00", kind="second", invoices=late.numbers[:1])
    late.happens("notice_delivered", "2026-05-12T15:00", kind="second", proof="registered_letter")
    # 13 (14 is a holiday) 15 18 19 20
    assert told("2026-05-12T16:00") == ("decide_end", date(2026, 5, 21))


@pytest.mark.clause("CGVU 7.1")
def test_penalties_are_provisional_while_a_rate_is_unknown(late):
    late.on("2026-06-30T12:00")
    before = line(late).standing
    late.on("2026-07-02T12:00")
    after = line(late).standing

    # 1,800.00: 90 days at 7.86 %: 34.89; 720.00: 60 days: 9.30; twice 40.00
    assert (before.penalties_eur, before.provisional) == (Decimal("124.19"), False)
    assert (after.penalties_eur, after.provisional) == (Decimal("124.19"), True)


@pytest.mark.clause("CGVU 7.1", "CGVU 7.2")
@LANGUAGES
def test_the_board_says_it_in_words(late, language):
    late.on("2026-05-04T10:00")

    page = browser(language).get(reverse("dunning:collections")).text

    assert "Boulangerie Martin" in page
    assert {"fr": "Mise en demeure", "en": "Formal notice"}[language] in page
    assert {"fr": "à partir du", "en": "from"}[language] in page
    assert {"fr": "2\N{NARROW NO-BREAK SPACE}520,00", "en": "2,520.00"}[language] in page


def test_views_searches_and_orders(late):
    late.on("2026-05-04T10:00")
    other = late_client("Fleurs Dupont")
    other.on("2026-05-04T10:00")

    assert {one.client.name for one in board.rows()} == {"Boulangerie Martin", "Fleurs Dupont"}
    assert [one.client.name for one in board.rows(search="fleurs")] == ["Fleurs Dupont"]
    assert [one.number for one in board.rows(search=other.form.number)] == [other.form.number]
    for order in board.ORDERS:
        assert len(board.rows(order=order)) == 2
    assert {view: len(board.rows(view)) for view in board.VIEWS} == board.counts() == {
        "late": 2, "open": 2, "suspended": 0, "contested": 0, "promised": 0, "insolvent": 0, "problem": 0,
    }  # fmt: skip
    assert board.totals()["late_eur"] == Decimal("5040.00")


def test_the_board_is_one_look_however_many_contracts(late, django_assert_max_num_queries):
    late.on("2026-05-04T10:00")

    with django_assert_max_num_queries(6, connection=_staff()):
        board.rows()


def _staff():
    from django.db import connections

    return connections["staff"]


def test_the_csv_has_codes_and_no_formulas(late, staff):
    late.on("2026-05-04T10:00")
    with client_scope(late.client.pk):
        Client.objects.filter(pk=late.client.pk).update(name="=HYPERLINK(1)")

    text = staff.get(reverse("dunning:csv")).content.decode("utf-8-sig")

    (row,) = csv.DictReader(io.StringIO(text), delimiter=";")
    assert row["client"] == "'=HYPERLINK(1)"
    assert (row["late_30_eur"], row["late_60_eur"], row["next_act"]) == ("720.00", "1800.00", "formal_notice")


@pytest.mark.clause("CGVU 7.1", "CGVU 7.2", "CGVU 11", "CGVU 22")
@LANGUAGES
@pytest.mark.parametrize("moment", ["2026-04-01T10:00", "2026-05-04T10:00", "2026-05-12T10:00", "2026-08-01T10:00"])
def test_the_page_of_a_late_payer(late, language, moment):
    late.noticed()
    late.on(moment)

    page = browser(language).get(payer(late))

    assert page.status_code == 200
    assert late.numbers[0] in page.text


@pytest.mark.clause("CGVU 7.2")
def test_staff_gives_notice_records_its_receipt_and_ends_the_contract(late, staff, mailoutbox):
    at("2026-05-04T10:00")
    assert "The formal notice is sent." in does(late, staff, "notice").text
    row = _notice(late, "formal_notice")
    facts.notice_recorded(late.client.pk, row.pk)

    weak = does(
        late, staff, "proof", notice=str(row.pk), proof_kind="dsn", proof="2.0.0", delivered_at="2026-05-04T10:00"
    )
    assert "It is recorded." in weak.text
    at("2026-05-05T10:00")
    given = {"notice": str(row.pk), "proof_kind": "qualified_registered", "proof": "LRE 1"}
    assert "It is recorded." in does(late, staff, "proof", delivered_at="2026-05-04T12:00", **given).text
    facts.notice_delivered(late.client.pk, row.pk)
    # 5 6 7 (8 is a holiday) 11 12
    assert late.on("2026-05-12T23:59") == ("active", "")
    assert late.on("2026-05-13T00:00") == ("suspended", "default")

    at("2026-05-13T10:00")
    assert "A contract ends for default only" in does(late, staff, "end").text
    assert "The second formal notice is sent." in does(late, staff, "second").text
    second = _notice(late, "second_notice")
    facts.notice_recorded(late.client.pk, second.pk)
    at("2026-05-13T12:00")
    given = {"notice": str(second.pk), "proof_kind": "registered_letter", "proof": "AR 9"}
    does(late, staff, "proof", delivered_at="2026-05-13T11:00", **given)
    facts.notice_delivered(late.client.pk, second.pk)
    # 15 18 19 20 21
    at("2026-05-21T10:00")
    assert "A contract ends for default only" in does(late, staff, "end").text
    at("2026-05-22T10:00")
    assert "The end of the contract is recorded." in does(late, staff, "end").text
    with staff_scope():
        ends = standings.work_out(late.client.pk, late.form.pk).replay.told.ends
    assert [(one["reason"], one["last_day"]) for one in ends] == [("default", date(2026, 5, 22))]


def _notice(late, kind):
    with staff_scope():
        return Notice.objects.using("staff").filter(client_id=late.client.pk, kind=kind).latest("sent_at")


def test_a_letter_is_taken_handed_over_and_recorded(late, staff):
    at("2026-05-04T10:00")
    taken = staff.get(reverse("dunning:draft", args=[late.client.pk, late.form.pk, "formal"]))
    done = does(late, staff, "letter", channel="registered", sent_proof="1A 123")

    assert "The letter is recorded" in done.text
    with staff_scope():
        kept = Act.objects.using("staff").get(order_form=late.form, what="formal")
        assert str(kept.proof) == "1A 123"
    again = staff.get(reverse("dunning:letter", args=[late.client.pk, late.form.pk, kept.pk]))
    assert taken.content == again.content
    assert hashlib.sha256(again.content).hexdigest() == kept.sha256


def test_a_promise_is_kept_and_said_to_be_broken(late, staff):
    late.on("2026-05-04T10:00")
    given = {"on": "2026-05-10", "amount_eur": "1800", "who": "N. Benali", "note": "by phone"}

    wrong = does(late, staff, "promise", **{**given, "on": "2026-05-03"})
    done = does(late, staff, "promise", **given)

    assert wrong.status_code == 422
    assert "a promise is about a day to come" in wrong.text
    assert "The promise is recorded" in done.text
    assert "N. Benali" in done.text
    assert line(late, "promised").promise == board.Promise(date(2026, 5, 10), Decimal("1800.00"), False)
    late.on("2026-05-11T10:00")
    assert line(late).promise.broken
    late.happens("payment", "2026-05-10", amount_eur="2520.00", invoices=late.numbers)
    late.on("2026-05-11T10:00")
    assert line(late) is None


def test_what_somebody_promised_is_sealed(late, engine_db):
    late.on("2026-05-04T10:00")
    promises.promise(
        late.client.pk, late.form.pk, on=date(2026, 5, 10), amount_eur=None, who="N. Benali", note="x", actor=PERSON
    )

    with engine_db.connect("admin") as admin:
        (row,) = admin.execute("SELECT text FROM dunning_act").fetchall()
    assert b"Benali" not in bytes(row[0])


@pytest.mark.clause("CGVU 15")
def test_staff_answers_a_dispute(late, staff):
    at("2026-05-04T10:00")
    with staff_scope():
        invoice = Invoice.objects.using("staff").get(number=late.numbers[1])
    disputes.contest(late.client.pk, invoice.pk, reason="x", actor=PERSON)
    late.on("2026-05-05T10:00")
    assert line(late, "contested").standing.contested_eur == Decimal("720.00")

    assert "The outcome is recorded." in does(late, staff, "audit", invoice=str(invoice.pk), outcome="stands").text

    late.on("2026-05-05T10:01")
    assert line(late, "contested") is None


@pytest.mark.clause("CGVU 22")
def test_after_an_insolvency_nothing_is_asked_for(late, staff):
    late.happens("insolvency", "2026-05-05")
    late.on("2026-05-06T10:00")

    row, page = line(late, "insolvent").standing, staff.get(payer(late)).text

    assert (row.next_act, row.insolvent) == ("claim_file", True)
    assert "Proceedings are open" in page
    assert "Send a formal notice" not in page


def test_a_contract_that_cannot_be_worked_out_is_a_task_on_the_board(late, staff, monkeypatch):
    def broken(*_args, **_more):
        raise Refused("contract_unreadable", path="$", problem="x")

    monkeypatch.setattr(standings, "work_out", broken)
    late.on("2026-05-06T10:00")

    assert line(late, "problem").standing.problem == "contract_unreadable"
    assert "nothing follows from it until it is put right" in staff.get(payer(late)).text


@LANGUAGES
@pytest.mark.clause("CGVU 7.1", "CGVU 7.2")
def test_the_case_file_holds_every_act_with_its_hash(late, staff, language):
    at("2026-05-04T10:00")
    does(late, staff, "notice")
    row = _notice(late, "formal_notice")
    facts.notice_recorded(late.client.pk, row.pk)
    promises.promise(
        late.client.pk, late.form.pk, on=date(2026, 5, 10), amount_eur=None, who="N. B.", note="", actor=PERSON
    )
    at("2026-05-05T10:00")
    given = {"notice": str(row.pk), "proof_kind": "registered_letter", "proof": "AR 1"}
    does(late, staff, "proof", delivered_at="2026-05-05T09:00", **given)
    facts.notice_delivered(late.client.pk, row.pk)
    late.on("2026-05-20T10:00")

    with staff_scope():
        file = files.case_file(standings.work_out(late.client.pk, late.form.pk), language)
        letter = Act.objects.using("staff").get(order_form=late.form, what="formal")
    taken = staff.get(reverse("dunning:case-file", args=[late.client.pk, late.form.pk]), {"language": language})

    assert [one.sha256 for one in file.notices] == [letter.sha256]
    assert file.notices[0].proof == "AR 1"
    assert "owner@example.test" in file.notices[0].sent_proof
    words = [one.what for one in file.acts]
    ours = ["formal_sent", "delivered", "suspended"]
    assert [one for one in words if one in ours] == ours
    assert any(one.startswith({"fr": "Promesse", "en": "Promise"}[language]) for one in words)
    assert taken.content.startswith(b"%PDF-")


def test_the_board_is_for_staff_only(late):
    someone = Browser()
    someone.force_login(make_user(client=late.client), "allauth.account.auth_backends.AuthenticationBackend")
    where = [late.client.pk, late.form.pk]
    addresses = [
        reverse("dunning:collections"), reverse("dunning:csv"), payer(late), reverse("dunning:case-file", args=where),
        reverse("dunning:draft", args=[*where, "formal"]), reverse("dunning:letter", args=[*where, late.form.pk]),
    ]  # fmt: skip

    assert [someone.get(one).status_code for one in addresses] == [404] * len(addresses)
    assert someone.post(reverse("dunning:act", args=[*where, "notice"])).status_code == 404


def test_what_does_not_belong_together_is_not_found(late, staff):
    other = make_client()

    assert staff.get(reverse("dunning:payer", args=[other.pk, late.form.pk])).status_code == 404
    assert staff.get(reverse("dunning:letter", args=[late.client.pk, late.form.pk, other.pk])).status_code == 404
    assert staff.post(reverse("dunning:act", args=[late.client.pk, late.form.pk, "nope"])).status_code == 404


def test_the_page_of_a_client_says_what_it_owes(late, staff):
    late.on("2026-05-04T10:00")

    page = staff.get(reverse("backoffice:client", args=[late.client.slug])).text

    assert "2,520.00 overdue" in page.replace("€", "")
    assert payer(late) in page


def test_a_cut_off_day_is_worked_out_by_the_next_turn(late, monkeypatch):
    at("2026-05-04T10:00")
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(standings, "_keep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        access.carry_out_waiting()

    assert access.carry_out_waiting() == 1
    assert line(late) is not None


@pytest.mark.clause("CGVU 7.2", "CGVU 11")
def test_where_a_person_suspends_it_is_after_the_five_days(late, staff):
    tables.record("reading", {"suspension": "by_hand"}, actor=PERSON)
    late.noticed()
    assert late.on("2026-05-11T10:00") == ("active", "")
    assert "are not over" in does(late, staff, "suspend").text
    assert late.on("2026-05-12T10:00") == ("active", "")

    assert "Access is suspended." in does(late, staff, "suspend").text

    assert late.stands() == ("suspended", "default")
    late.happens("payment", "2026-05-12T11:00", amount_eur="1800.00", invoices=late.numbers[:1])
    assert late.on("2026-05-12T12:00") == ("active", "")


@pytest.mark.clause("CGVU 7.2", "CGVU 11", "CGVU 13", "CGVU 14.1")
def test_staff_sees_what_each_cause_means_and_lifts_no_unpaid_invoice(late, staff):
    late.noticed()
    late.on("2026-05-12T10:00")

    page = staff.get(reverse("backoffice:client", args=[late.client.slug])).text

    assert "Suspended for unpaid invoices" in page
    assert "Let it send" not in page
    assert "two people" in page


@pytest.mark.clause("CGVU 11")
def test_staff_suspends_and_lifts_on_the_page_of_the_client(late, staff):
    address = reverse("backoffice:client", args=[late.client.slug])
    at("2026-05-04T10:00")

    staff.post(address, {"cause": "security", "reason": "ticket 812"})
    assert late.stands() == ("suspended", "security")
    at("2026-05-05T10:00")
    lifted = staff.post(address, {"cause": "", "reason": "settled"}, follow=True)

    assert "The client may send again." in lifted.text
    assert late.stands() == ("active", "")
