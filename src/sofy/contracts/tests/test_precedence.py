"""Which document rules, which version binds, when it was accepted."""

from datetime import date

import pytest

from sofy.contracts.rules.documents import (
    Document,
    Provision,
    Version,
    accepted_at,
    in_force_from,
    lookup,
    precedence,
    version_for,
)
from sofy.contracts.rules.values import moment

OLD = Version(kind="cgvu", version="2026-03-24", effective_on=date(2026, 3, 24))
NEW = Version(kind="cgvu", version="2026-10-01", effective_on=date(2026, 10, 1))
NOTIFIED = {"2026-10-01": moment("2026-09-01T10:00")}
ACCEPTED = {"2026-03-24": date(2026, 4, 1)}


def document(kind, says, protects=None, subject="analytics"):
    provision = Provision(subject=subject, article="1", says=says, protects=protects)
    return Document(kind=kind, version="1", provisions=(provision,))


@pytest.mark.clause("CGVU 2", "DPA 15")
def test_the_order_form_comes_first_and_the_dpa_where_data_is_protected():
    assert precedence(data_protection=False) == ("order_form", "dpa", "cgvu")
    assert precedence(data_protection=True)[0] == "dpa"


@pytest.mark.clause("CGVU 2", "DPA 15")
def test_terms_that_silently_allow_what_the_dpa_forbids_allow_nothing():
    found = lookup("analytics", [document("cgvu", "allowed", 0), document("dpa", "forbidden", 2)])

    assert (found.kind, found.provision.says, found.rank) == ("dpa", "forbidden", 2)


@pytest.mark.clause("CGVU 2", "DPA 15")
@pytest.mark.parametrize(("protects", "rules"), [(3, "order_form"), (2, "dpa"), (1, "dpa")])
def test_an_order_form_raises_the_protection_of_data_and_never_lowers_it(protects, rules):
    found = lookup("analytics", [document("order_form", "other", protects), document("dpa", "forbidden", 2)])

    assert found.kind == rules


@pytest.mark.clause("CGVU 2")
def test_on_any_other_matter_the_order_form_rules_over_the_terms():
    terms, signed = (document(kind, says, subject="payment") for kind, says in (("cgvu", "30"), ("order_form", "45")))

    found = lookup("payment", [terms, signed])

    assert (found.kind, found.provision.says) == ("order_form", "45")
    assert lookup("nothing", [document("cgvu", "30")]) is None


@pytest.mark.clause("CGVU 1")
@pytest.mark.parametrize(
    ("signed", "first_access", "expected"),
    [
        ("2026-04-01", "2026-04-03", "2026-04-01"),
        ("2026-04-05", "2026-04-03", "2026-04-03"),
        (None, "2026-04-03", "2026-04-03"),
        (None, None, None),
    ],
)
def test_the_terms_are_accepted_at_signature_or_first_access_whichever_comes_first(signed, first_access, expected):
    read = [one and moment(one) for one in (signed, first_access, expected)]

    assert accepted_at(signed_at=read[0], first_access_at=read[1]) == read[2]


@pytest.mark.clause("CGVU 1", "CGVU 27")
def test_changed_terms_bind_thirty_days_after_they_were_told_and_not_before_their_own_day():
    assert in_force_from(NEW, moment("2026-09-01T10:00")) == date(2026, 10, 1)
    assert in_force_from(NEW, moment("2026-09-20T10:00")) == date(2026, 10, 20)
    assert in_force_from(NEW, moment("2026-06-01T10:00")) == date(2026, 10, 1)


@pytest.mark.clause("CGVU 27")
@pytest.mark.parametrize(
    ("day", "refused", "expected"),
    [
        (date(2026, 3, 25), (), None),
        (date(2026, 9, 30), (), "2026-03-24"),
        (date(2026, 10, 1), (), "2026-10-01"),
        (date(2026, 10, 1), ("2026-10-01",), "2026-03-24"),
    ],
)
def test_the_version_that_binds_on_a_day(day, refused, expected):
    found = version_for(day, [OLD, NEW], accepted=ACCEPTED, notified=NOTIFIED, refused=refused)

    assert found == expected


@pytest.mark.clause("DPA 15")
def test_a_data_processing_agreement_is_never_changed_by_telling():
    old, new = (Version(kind="dpa", version=one.version, effective_on=one.effective_on) for one in (OLD, NEW))

    found = version_for(date(2027, 1, 1), [old, new], accepted=ACCEPTED, notified=NOTIFIED)

    assert found == "2026-03-24"
