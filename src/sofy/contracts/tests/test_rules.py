"""Which document rules, which version binds, what an order form is worth, and numbers with check digits."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sofy.contracts.rules import documents, identifiers, signed, totals
from sofy.contracts.rules.documents import Document, Provision, Version
from sofy.contracts.rules.shapes import Item
from sofy.contracts.rules.values import Euros
from sofy.contracts.tests.factories import COMPANY

ORDER, DPA, TERMS = (("order_form", "BC-1 v1"), ("dpa", "2026-03-24"), ("cgvu", "2"))


def document(named, says, *, protects=None, subject="analytics"):
    provision = Provision(subject=subject, article="1", says=says, protects=protects)
    return Document(kind=named[0], version=named[1], provisions=(provision,))


@pytest.mark.clause("CGVU 2")
def test_the_order_form_rules_then_the_dpa_then_the_terms():
    found = documents.lookup("price", [document(TERMS, "32", subject="price"), document(ORDER, "30", subject="price")])

    assert (found.kind, found.version, found.rank, found.provision.says) == ("order_form", "BC-1 v1", 1, "30")
    assert documents.precedence(data_protection=False) == ("order_form", "dpa", "cgvu")


@pytest.mark.clause("CGVU 2", "DPA 15")
@pytest.mark.parametrize(
    ("_case", "written", "rules"),
    [
        ("terms allow silently what the DPA forbids", [(TERMS, "allowed", 0), (DPA, "forbidden", 2)], "dpa"),
        ("an order form cannot lower", [(ORDER, "allowed", 0), (DPA, "forbidden", 2)], "dpa"),
        ("an order form may raise", [(ORDER, "never leaves France", 3), (DPA, "stays in the EU", 2)], "order_form"),
        ("an order form alone", [(ORDER, "allowed", 0), (TERMS, "allowed too", 0)], "order_form"),
        ("the terms alone", [(TERMS, "allowed", 0)], "cgvu"),
    ],
)
def test_in_matters_of_data_the_dpa_comes_first(_case, written, rules):
    found = documents.lookup("analytics", [document(named, says, protects=how) for named, says, how in written])

    assert found.kind == rules
    assert documents.lookup("nothing", [document(TERMS, "x")]) is None
    assert documents.precedence(data_protection=True)[0] == "dpa"


@pytest.mark.clause("CGVU 1")
def test_the_terms_are_accepted_at_signature_or_first_access_whichever_comes_first():
    signed_at, came = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)

    assert documents.accepted_at(signed_at=signed_at, first_access_at=came) == signed_at
    assert documents.accepted_at(signed_at=came, first_access_at=signed_at) == signed_at
    assert documents.accepted_at(signed_at=None, first_access_at=came) == came
    assert documents.accepted_at(signed_at=None, first_access_at=None) is None


FIRST = Version(kind="cgvu", version="2026-03-24", effective_on=date(2026, 3, 24))
SECOND = Version(kind="cgvu", version="2", effective_on=date(2026, 9, 15))
TOLD = {"2": datetime(2026, 9, 1, 8, 0, tzinfo=UTC)}  # 10:00 in Paris
ACCEPTED = {"2026-03-24": date(2026, 4, 1)}


@pytest.mark.clause("CGVU 1", "CGVU 27")
@pytest.mark.parametrize(
    ("day", "refused", "binds"),
    [
        (date(2026, 9, 30), (), "2026-03-24"),
        (date(2026, 10, 1), (), "2"),
        (date(2026, 10, 1), ("2",), "2026-03-24"),
        (date(2026, 3, 31), (), None),
    ],
)
def test_changed_terms_bind_thirty_days_after_they_were_told(day, refused, binds):
    assert documents.in_force_from(SECOND, TOLD["2"]) == date(2026, 10, 1)
    assert documents.version_for(
        day, [FIRST, SECOND], accepted=ACCEPTED, notified=TOLD, refused=refused
    ) == binds  # fmt: skip


@pytest.mark.clause("DPA 15", "CGVU 27")
def test_a_changed_dpa_waits_for_the_clients_own_yes():
    first = Version(kind="dpa", version="2026-03-24", effective_on=date(2026, 3, 24))
    second = Version(kind="dpa", version="2", effective_on=date(2026, 9, 15))
    late = date(2027, 6, 1)

    silent = documents.version_for(late, [first, second], accepted=ACCEPTED, notified=TOLD)
    validated = documents.version_for(late, [first, second], accepted=ACCEPTED | {"2": date(2027, 5, 1)}, notified=TOLD)

    assert (silent, validated) == ("2026-03-24", "2")


def item(**more):
    given: Any = {"code": "a", "product": "soview", "unit_price_eur": Euros("30.00"), "quantity": 20}
    return Item(**given | more)


def test_an_order_form_is_worth_what_comes_once_and_what_comes_again():
    found = totals.totals(
        [
            item(per="poi", list_price_eur=Euros("32.00")),
            item(code="b", product="onboarding", quantity=1, unit_price_eur=Euros(1500), every="once"),
            item(code="c", product="option", quantity=1, unit_price_eur=Euros(100), every="quarter"),
        ]
    )

    assert found == totals.Totals(
        once_eur=Decimal("1500.00"),
        monthly_eur=Decimal("633.33"),
        list_monthly_eur=Decimal("673.33"),
        first_year_eur=Decimal("9100.00"),
    )


@pytest.mark.clause("CGVU 4")
def test_points_of_sale_are_counted_per_product_and_the_largest_number_may_be_active():
    forms = [order(soview=20, soreach=15), order(soview=5)]

    assert totals.licensed(forms) == {"soview": 25, "soreach": 15}
    assert totals.points_of_sale(forms) == 25
    assert totals.points_of_sale([]) == 0


def order(**quantities):
    items = [
        {"code": name, "product": name, "per": "poi", "quantity": number, "unit_price_eur": "30"}
        for name, number in quantities.items()
    ]
    form = {"starts_on": "2026-04-01", "term_months": 12, "items": items}
    return signed.read_paper(paper(form), signed_at=datetime(2026, 4, 1, tzinfo=UTC)).order_form


def paper(form):
    entity = signed.converted(COMPANY | {"siren": "919288548"}, signed.Entity)
    at = datetime(2026, 4, 1, tzinfo=UTC)
    return signed.paper(entity=entity, client={"name": "M"}, order_form=form, number="BC-1", at=at)


@pytest.mark.clause("CGVU 4")
def test_a_drift_begins_with_the_first_point_of_sale_too_many():
    opened = [datetime(2026, month, 16, tzinfo=UTC) for month in (6, 4, 5)]

    assert totals.drift(licensed_poi=3, opened=opened) is None
    assert totals.drift(licensed_poi=1, opened=opened) == (3, opened[2])


def test_a_paper_says_every_value_so_that_a_new_default_changes_nothing():
    text = paper({"starts_on": "2026-04-01", "term_months": 12, "items": []}).decode()

    assert '"discount_percent":"1"' in text
    assert '"maintenance_hours":48' in text
    assert "signed_at" not in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(before=st.dictionaries(st.text(max_size=5), JSON, max_size=4), after=st.dictionaries(st.text(max_size=5), JSON))
def test_a_difference_is_nothing_exactly_for_the_same_and_never_the_same_twice(before, after):
    changes = signed.diff(before, after)

    assert signed.diff(before, before) == []
    assert all(change.before != change.after for change in changes)
    assert len({change.path for change in changes}) == len(changes)


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        ("siren", "919 288 548", "919288548"),
        ("siret", "732 829 320 00074", "73282932000074"),
        ("vat", "FR 68 919288548", "FR68919288548"),
        ("vat", "BE 0428.759.497", "BE0428759497"),
        ("vat", "GR094259216", "EL094259216"),
        ("iban", "FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189"),
        ("bic", "agrifrpp", "AGRIFRPP"),
        ("creditor", "FR72 ZZZ 123456", "FR72ZZZ123456"),
        ("siren", "  ", ""),
    ],
)
def test_numbers_are_kept_without_their_spaces(kind, text, kept):
    assert identifiers.checked(kind, text) == kept


@given(kind=st.sampled_from(["siren", "siret", "vat", "iban", "bic", "creditor"]), text=st.text(max_size=40))
def test_any_text_is_a_number_or_refused(kind, text):
    try:
        identifiers.checked(kind, text)
    except ValueError as error:
        assert str(error) == kind  # noqa: PT017


def test_the_vat_number_of_a_french_company_follows_from_its_siren():
    assert identifiers.french_vat_of("919288548") == "FR68919288548"
    assert identifiers.french_vat_of("810193177") == "FR06810193177"
