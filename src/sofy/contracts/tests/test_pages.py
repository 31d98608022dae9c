"""The pages of contracts: an operator draws an order form up, a client signs it, both see what binds them."""

import json
import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.contracts import queries, wizard
from sofy.contracts.services import acceptances, order_forms, records
from sofy.contracts.tests.factories import ACTOR, COMPANY, content, make_entity, sent, signed_on_paper
from sofy.kernel import clock
from sofy.kit.rls import client_scope, staff_scope

NOW = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


@pytest.fixture(autouse=True)
def committed(engine_db):
    """Two log-ins see what the other one wrote."""
    clock.install(lambda: NOW)


def browser(user, language="en"):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made


@pytest.fixture
def staff():
    return browser(make_user(is_operator=True))


@pytest.fixture
def client():
    return make_client("Boulangerie Martin")


def forms_of(client):
    with client_scope(client.pk):
        return queries.order_forms(client.pk, drafts=True)


PARTIES = {"name": "Boulangerie Martin", "siren": "732 829 320", "town": "Lyon", "country": "FR"}
LINES = {
    "items-TOTAL_FORMS": "2", "items-INITIAL_FORMS": "0", "usage-TOTAL_FORMS": "2", "usage-INITIAL_FORMS": "0",
    "items-0-product": "soview", "items-0-per": "poi", "items-0-quantity": "20", "items-0-unit_price_eur": "30,00",
    "items-0-list_price_eur": "32", "items-0-every": "month", "items-0-billed": "advance",
    "items-1-product": "onboarding", "items-1-quantity": "1", "items-1-unit_price_eur": "1 500",
    "items-1-every": "month",
    "usage-0-channel": "sms", "usage-0-unit_price_eur": "0.0523", "usage-0-country": "FR",
    "usage-1-channel": "sms", "usage-1-purpose": "",
}  # fmt: skip
TERM = {
    "starts_on": "2026-04-01", "term_months": "24", "renewal_months": "12", "extra_poi": "increase",
    "decrease": "period_end", "periods": "calendar", "revision": "on",
}  # fmt: skip
PAYMENT = {
    "means": "sepa_debit", "days": "30", "discount_percent": "1", "discount_days": "8", "penalty_multiple": "3",
    "prenotification_days": "7", "mandate": "RUM-1", "claim_days": "15", "maintenance_hours": "48",
    "tiers": "99,9 10\n98 20",
}  # fmt: skip


@pytest.mark.clause("CGVU 8.1", "CGVU 10.1", "CGVU 13")
def test_an_operator_draws_up_an_order_form_and_its_owner_signs_it(staff, client, mailoutbox):
    entity, owner = make_entity(series="OPT"), make_user(client=client, full_name="Claire Martin")

    begun = staff.post("/op/contracts/new", {"client": str(client.pk), "entity": str(entity.pk)})
    place = begun["location"].rpartition("/")[0]
    for step, given in (("parties", PARTIES), ("products", LINES), ("term", TERM), ("payment", PAYMENT)):
        answer = staff.post(f"{place}/{step}", given)
        assert answer.status_code == 302, re.findall(r"invalid-feedback[^>]*>([^<]*)", answer.text)
    check = staff.get(f"{place}/check").text
    assert "€600.00" in check
    assert "€1,500.00" in check
    assert "€8,700.00" in check
    sending = staff.post(f"{place}/send", follow=True).text

    assert "BC-OPT-2026-0001" in sending
    assert mailoutbox[0].to == [owner.email]
    link = re.search(r"/c/\S+", mailoutbox[0].body)
    assert link is not None
    mine = browser(owner)
    page = mine.get(link[0]).text
    digest = re.search(r'name="sha256" value="(\w{64})"', page)
    assert digest is not None
    assert mine.post(link[0] + "/sign", {"sha256": digest[1]}, follow=True).text.count("AF2M") > 1
    signed = mine.post(link[0] + "/sign", {"sha256": digest[1], "guides": "on"}, follow=True).text
    assert "Claire Martin" in signed
    with client_scope(client.pk):
        (form,) = queries.signed_forms(client.pk)
    order = form.paper.order_form
    assert [(item.code, item.every, str(item.unit_price_eur)) for item in order.items] == [
        ("soview", "month", "30.00"), ("onboarding", "once", "1500"),
    ]  # fmt: skip
    assert [(price.channel, str(price.unit_price_eur)) for price in order.usage_prices] == [("sms", "0.0523")]
    assert (order.term_months, order.renewal_months, order.payment.prenotification_days) == (24, 12, 7)
    assert [str(tier.below) for tier in order.service_level.tiers] == ["99.9", "98"]
    assert order.revision is not None
    assert form.paper.client.siren == "732829320"


@pytest.mark.clause("CGVU 5.1", "CGVU 20", "CGVU 24", "CGVU 27")
@LANGUAGES
def test_every_page_of_staff_opens_in_both_languages(client, language):
    form, draft = signed_on_paper(client, date(2026, 4, 1)), make_entity()
    open_form = order_forms.draft(client.pk, entity_id=draft.pk, content=content(), actor=ACTOR)
    browser_of_staff = browser(make_user(is_operator=True), language)
    records.record_notice(
        client.pk, kind="formal_notice", channel="email", text="Facture impayée", sent_at=NOW, actor=ACTOR
    )
    pages = [
        "/op/entities/", "/op/entities/new", f"/op/entities/{draft.pk}", "/op/contracts/", "/op/contracts/?state=sent",
        "/op/contracts/new", "/op/contracts/documents/", "/op/contracts/documents/cgvu/2026-03-24",
        f"/op/contracts/{client.pk}/{form.pk}", f"/op/contracts/{client.pk}/{form.pk}/print",
        f"/op/clients/{client.slug}/contract/", f"/op/clients/{client.slug}",
    ]  # fmt: skip
    pages += [f"/op/contracts/{client.pk}/{open_form.pk}/{step}" for step in (*wizard.STEPS, "check")]

    for page in pages:
        answer = browser_of_staff.get(page)
        assert answer.status_code == 200, page
        assert f'lang="{language}"' in answer.text


@LANGUAGES
@pytest.mark.clause("CGVU 1")
def test_every_page_of_a_client_opens_in_both_languages(client, language):
    done, waiting = signed_on_paper(client, date(2026, 4, 1)), sent(client)
    mine = browser(make_user(client=client), language)

    for page in ("", "terms", "dpa", f"{done.pk}", f"{waiting.pk}", f"{waiting.pk}/print"):
        answer = mine.get(f"/c/{client.slug}/contract/{page}")
        assert answer.status_code == 200, page
        assert f'lang="{language}"' in answer.text
    assert mine.get(f"/c/{client.slug}/contract/terms?version=9").status_code == 404


def test_nobody_but_staff_finds_the_pages_of_staff(client):
    form = signed_on_paper(client, date(2026, 4, 1))
    owner = browser(make_user(client=client))

    for page in (
        "/op/entities/", "/op/contracts/", "/op/contracts/new", "/op/contracts/documents/",
        f"/op/contracts/{client.pk}/{form.pk}", f"/op/clients/{client.slug}/contract/",
    ):  # fmt: skip
        assert owner.get(page).status_code == 404
        assert owner.post(page).status_code in (404, 405)


def test_a_draft_is_not_there_for_its_client(client):
    form = order_forms.draft(client.pk, entity_id=make_entity().pk, content=content(), actor=ACTOR)
    mine = browser(make_user(client=client))

    assert mine.get(f"/c/{client.slug}/contract/{form.pk}").status_code == 404
    assert str(form.pk) not in mine.get(f"/c/{client.slug}/contract/").text


@pytest.mark.parametrize("role", ["marketer", "auditor"])
def test_only_an_owner_signs(client, role):
    form = sent(client)
    somebody = browser(make_user(client=client, role=role))

    answer = somebody.post(f"/c/{client.slug}/contract/{form.pk}/sign", {"guides": "on"})

    assert answer.status_code == 403
    assert forms_of(client)[0].state == "sent"


def test_a_step_is_kept_while_somebody_types_and_says_when_it_is_not(staff, client):
    form = order_forms.draft(client.pk, entity_id=make_entity().pk, content={}, actor=ACTOR)
    place = f"/op/contracts/{client.pk}/{form.pk}/products"

    kept = staff.post(place, LINES, headers={"HX-Request": "true"}).text
    wrong = staff.post(place, LINES | {"items-0-quantity": "x"}, headers={"HX-Request": "true"}).text

    assert "€600.00" in kept
    assert "Kept" in kept
    assert "Not kept yet" in wrong
    assert json.loads(forms_of(client)[0].content)["order_form"]["items"][0]["quantity"] == 20


def test_a_line_that_is_removed_is_gone_and_the_others_keep_their_codes(staff, client):
    form = order_forms.draft(client.pk, entity_id=make_entity().pk, content=content(), actor=ACTOR)
    place = f"/op/contracts/{client.pk}/{form.pk}/products"
    given = LINES | {"items-INITIAL_FORMS": "2", "items-0-DELETE": "on", "items-1-code": "start"}

    staff.post(place, given | {"next": "stay"})

    (item,) = json.loads(forms_of(client)[0].content)["order_form"]["items"]
    assert item["code"] == "start"


def test_what_is_missing_is_said_with_the_step_and_nothing_can_be_sent(staff, client):
    form = order_forms.draft(client.pk, entity_id=make_entity().pk, content={}, actor=ACTOR)

    page = unescape(staff.get(f"/op/contracts/{client.pk}/{form.pk}/check").text)
    staff.post(f"/op/contracts/{client.pk}/{form.pk}/send")

    assert "Nothing is ordered yet." in page
    assert "First day: " in page
    assert forms_of(client)[0].number == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"siren": "732829321"}, "check its digits"),
        ({"siren": ""}, "A French company has a SIREN"),
        ({"iban": "FR76"}, "check its digits"),
        ({"siren": "732 829 320", "vat_id": "FR68919288548"}, "to this SIREN, whose number is FR44732829320"),
    ],
)
def test_a_wrong_number_is_said_beside_its_field(staff, client, given, said):
    form = order_forms.draft(client.pk, entity_id=make_entity().pk, content={}, actor=ACTOR)

    answer = staff.post(f"/op/contracts/{client.pk}/{form.pk}/parties", PARTIES | given)

    assert answer.status_code == 422
    assert said in unescape(answer.text)


def test_staff_add_and_change_a_legal_entity(staff):
    address = COMPANY["address"]
    flat = {name: value for name, value in COMPANY.items() if name != "address"} | address
    given = flat | {"code": "optima", "series": "OPT", "country": "FR", "vat_on": "receipts", "capital_eur": "150 000"}

    first = staff.post("/op/entities/new", given)
    assert first.status_code == 302, re.findall(r"_error\W><div>[^<]*", first.text)
    (row,) = queries.entities()
    assert staff.get(f"/op/entities/{row.id}").text.count("150000") == 1
    changed = staff.post(f"/op/entities/{row.id}", given | {"town": "Lille"})
    again = staff.post("/op/entities/new", given | {"code": "other"})
    wrong = staff.post("/op/entities/new", given | {"siren": "919288549", "bic": "X"})

    assert changed.status_code == 302
    assert queries.entities()[0].data.address.town == "Lille"
    assert "has the code" in again.text
    assert wrong.status_code == 422
    assert wrong.text.count("This number is not valid") == 2
    staff.post(f"/op/entities/{row.id}/retire")
    assert queries.entities()[0].retired_at == NOW


@pytest.mark.clause("CGVU 1")
def test_a_paper_signature_is_recorded_with_its_scan(staff, client):
    form = sent(client)
    scan = SimpleUploadedFile("scan.pdf", b"%PDF-1.7")
    place = f"/op/contracts/{client.pk}/{form.pk}"

    missing = staff.post(f"{place}/sign", {"signed_on": "2026-04-01", "signer": "Claire Martin"})
    done = staff.post(f"{place}/sign", {"signed_on": "2026-04-01", "signer": "Claire Martin", "proof": scan})

    assert missing.status_code == 422
    assert done.status_code == 302
    assert forms_of(client)[0].state == "accepted"
    assert "Claire Martin" in staff.get(place).text


def test_an_order_form_is_cancelled_with_a_reason(staff, client):
    form = sent(client)
    place = f"/op/contracts/{client.pk}/{form.pk}/cancel"

    assert staff.post(place, {"reason": ""}).status_code == 422
    staff.post(place, {"reason": "chose another offer"})

    assert forms_of(client)[0].state == "cancelled"


@pytest.mark.clause("CGVU 5.1", "CGVU 20", "CGVU 24")
def test_staff_record_what_happens_around_a_contract(staff, client):
    signed_on_paper(client, date(2026, 4, 1))
    place = f"/op/clients/{client.slug}/contract/"
    notice = {"kind": "formal_notice", "channel": "email", "sent_at": "2026-04-01T09:00", "text": "Facture impayée"}

    assert staff.post(place + "notice", notice | {"kind": "nonrenewal", "channel": "screen"}).status_code == 422
    for year in ("0001", "1999", "9999"):
        assert staff.post(place + "notice", notice | {"sent_at": f"{year}-01-01T00:00"}).status_code == 422
    assert staff.post(place + "notice", notice).status_code == 302
    with client_scope(client.pk):
        row, step = queries.notices(client.pk)[0], queries.onboarding(client.pk)[0]
    proof = {
        "notice": str(row.pk),
        "delivered_at": "2026-04-01T09:30",
        "proof_kind": "acknowledgement",
        "proof": "link",
    }
    assert staff.post(place + "delivery", proof).status_code == 302
    certificate = {"insurer": "Mutuelle", "policy": "RC-1", "expires_on": "2027-01-01"}
    for side in ("client", "operator"):
        assert staff.post(place + "certificate", certificate | {"side": side}).status_code == 302
    assert staff.post(place + "step", {"step": str(step.pk), "done": "on"}).status_code == 302
    transfer = {"to": "Dupont", "consented_on": "2026-04-01", "proof": "letter"}
    assert staff.post(place + "transfer", transfer).status_code == 302
    assert staff.post(place + "delivery", proof | {"notice": "x"}).status_code == 404
    assert staff.post(place + "nothing").status_code == 404

    shown = unescape(browser(make_user(client=client)).get(f"/c/{client.slug}/contract/").text)
    assert "1 of 4 done" in shown
    assert shown.count("RC-1") == 2
    assert "Acknowledged by the recipient" in shown


@pytest.fixture
def second_dpa(engine_db):
    staff = browser(make_user(is_operator=True))
    given = {"kind": "dpa", "version": "2026-04-01", "title": "DPA 2", "effective_on": "2026-04-01", "text": "Neuf"}
    assert staff.post("/op/contracts/documents/", given | {"version": ""}).status_code == 422
    assert staff.post("/op/contracts/documents/", given).status_code == 302
    yield given
    with engine_db.connect("admin") as admin:
        admin.execute("DELETE FROM contracts_document WHERE version <> '2026-03-24'")


@pytest.mark.clause("DPA 15")
def test_a_new_dpa_waits_until_an_owner_validates_it(client, second_dpa):
    with staff_scope():
        first = queries.document("dpa", "2026-03-24", using="staff")
    assert first is not None
    with client_scope(client.pk):
        acceptances.accept_document(
            client.pk, kind="dpa", version=first.version, sha256=first.sha256, actor="user:owner"
        )
    mine = browser(make_user(client=client))
    page = mine.get(f"/c/{client.slug}/contract/dpa?version=2026-04-01").text
    posted = dict(re.findall(r'name="(version|sha256)" value="([^"]*)"', page))

    mine.post(f"/c/{client.slug}/contract/dpa/accept", posted)

    with client_scope(client.pk):
        assert [row.version for row in queries.in_force(client.pk)] == ["2026-04-01"]


@pytest.fixture
def second_terms(engine_db):
    records.publish(
        kind="cgvu", version="2026-05-15", title="CGVU 2", text="Neuf", effective_on=date(2026, 5, 15),
        substantial=True, actor=ACTOR,
    )  # fmt: skip
    yield
    with engine_db.connect("admin") as admin:
        admin.execute("DELETE FROM contracts_document WHERE version <> '2026-03-24'")


@pytest.mark.clause("CGVU 7.2", "CGVU 27")
def test_an_owner_refuses_announced_terms_and_acknowledges_the_notice(client, second_terms):
    signed_on_paper(client, date(2026, 4, 1))
    told = records.record_notice(
        client.pk, kind="terms", channel="email", about="2026-05-15", text="Nouvelles CGVU", sent_at=NOW, actor=ACTOR
    )
    owner, place = browser(make_user(client=client)), f"/c/{client.slug}/contract/"

    assert "terms?version=2026-05-15" in owner.get(place).text
    assert "Refuse this version" in owner.get(place + "terms?version=2026-05-15").text
    refused = owner.post(place + "terms/refuse", {"version": "2026-05-15", "reason": " "}, follow=True).text
    owner.post(place + "terms/refuse", {"version": "2026-05-15", "reason": "Les prix doublent"})
    owner.post(place + f"notices/{told.pk}/acknowledge")

    assert "Give the reason" in refused
    with client_scope(client.pk):
        rows = queries.notices(client.pk)
    assert [(row.kind, row.delivered_at) for row in rows] == [("terms_refused", NOW), ("terms", NOW)]


@pytest.mark.clause("CGVU 1")
def test_an_owner_without_an_order_form_accepts_the_terms_with_one_click(client):
    owner = browser(make_user(client=client))
    home, welcome = f"/c/{client.slug}/", f"/c/{client.slug}/contract/welcome"
    assert "Read the terms" in owner.get(home).text
    for language in ("fr", "en"):
        assert f'lang="{language}"' in owner.get(welcome, headers={"accept-language": language}).text

    done = owner.post(f"/c/{client.slug}/contract/welcome")

    assert done["location"] == home
    assert owner.get(welcome)["location"] == f"/c/{client.slug}/contract/"
    assert "Read the terms" not in owner.get(home).text
    with client_scope(client.pk):
        assert {row.how for row in queries.acceptances(client.pk)} == {"first_access"}


@pytest.mark.clause("CGVU 1")
def test_the_first_log_in_of_an_owner_leads_to_the_terms_or_to_the_order_form_that_waits(client):
    owner, marketer = make_user(client=client), make_user(client=client, role="marketer")
    home, welcome = f"/c/{client.slug}/", f"/c/{client.slug}/contract/welcome"

    assert browser(owner).get("/")["location"] == welcome
    assert browser(marketer).get("/")["location"] == home
    form = sent(client)
    assert browser(owner).get("/")["location"] == f"/c/{client.slug}/contract/{form.pk}"
    acceptances.first_access(client.pk, actor=owner.actor)
    assert browser(owner).get("/")["location"] == home


@pytest.mark.clause("CGVU 4")
def test_points_of_sale_used_and_ordered_stand_on_the_clients_page(client):
    signed_on_paper(client, date(2026, 4, 1))
    marketer: Any = browser(make_user(client=client, role="auditor"))

    assert "0 active of 20 ordered" in unescape(marketer.get(f"/c/{client.slug}/contract/").text)
    assert reverse("contracts:contract", args=[client.slug]) in marketer.get(f"/c/{client.slug}/").text


@pytest.mark.clause("CGVU 2")
@LANGUAGES
def test_what_comes_first_stands_first_on_the_clients_page(client, language):
    form = signed_on_paper(client, date(2026, 4, 1))

    page = unescape(browser(make_user(client=client), language).get(f"/c/{client.slug}/contract/").text)
    ranks = page[page.index('class="rank">1<') :]

    assert ranks.index(form.number) < ranks.index("/dpa?version=") < ranks.index("/terms?version=")


@pytest.mark.clause("CGVU 8.2")
def test_the_last_day_to_refuse_the_renewal_stands_on_both_sides_pages(staff, client):
    signed_on_paper(client, date(2026, 4, 1))

    for shown in (
        browser(make_user(client=client)).get(f"/c/{client.slug}/contract/"),
        staff.get(f"/op/clients/{client.slug}/contract/"),
    ):
        assert "15 February 2027</time></strong> · last day to refuse the renewal" in unescape(shown.text)


@pytest.mark.clause("CGVU 4", "CGVU 8.1")
def test_only_the_terms_of_the_contract_can_be_chosen(staff, client):
    form = order_forms.draft(client.pk, entity_id=make_entity().pk, content=content(), actor=ACTOR)
    place = f"/op/contracts/{client.pk}/{form.pk}/term"

    taken = [months for months in (6, 12, 18, 24, 36, 48)
             if staff.post(place, TERM | {"term_months": str(months)}).status_code == 302]  # fmt: skip
    assert taken == [12, 24, 36]
    assert staff.post(place, TERM | {"extra_poi": "gift"}).status_code == 422
    assert staff.post(place, TERM).status_code == 302


def test_what_is_sent_before_anybody_joined_says_whom_it_waits_for(staff, client):
    form = order_forms.draft(client.pk, entity_id=make_entity().pk, content=content(), actor=ACTOR)
    place = f"/op/contracts/{client.pk}/{form.pk}/send"

    alone = staff.post(place, follow=True).text
    make_user(client=client)
    with_owner = staff.post(place, follow=True).text

    assert "none has opened the invitation yet" in alone
    assert "1 owner told by e-mail" in with_owner
