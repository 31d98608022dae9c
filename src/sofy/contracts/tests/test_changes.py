"""What changes in the product is announced to everybody, and keeps what article 6 promises."""

from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client as Browser

from sofy.accounts.tests.factories import make_user
from sofy.clients.tests.factories import make_client
from sofy.contracts import queries
from sofy.contracts.models import ProductChange
from sofy.contracts.rules import changes as rules
from sofy.contracts.services import changes
from sofy.contracts.tests.factories import ACTOR
from sofy.kernel.errors import Refused
from sofy.kit.rls import client_scope, staff_scope

UPDATE: dict[str, Any] = {
    "kind": "update", "product": "soview", "title": "Replies by AI", "text": "A draft for each review.",
    "effective_on": date(2026, 5, 1),
}  # fmt: skip


@pytest.mark.clause("CGVU 6")
@pytest.mark.parametrize(
    ("kind", "price", "equivalence", "said"),
    [
        ("update", None, "", ""),
        ("update", Decimal("5.00"), "", "price_of_update"),
        ("removal", None, "The new list does the same.", ""),
        ("removal", None, " ", "equivalence_missing"),
        ("removal", Decimal("1.00"), "Yes.", "price_of_update"),
        ("module", Decimal("9.90"), "", ""),
        ("module", None, "", "price_missing"),
        ("module", Decimal("0.00"), "", "price_missing"),
    ],
)
def test_updates_are_included_and_nothing_goes_without_an_equivalent(kind, price, equivalence, said):
    assert rules.obstacle(kind, price_eur=price, equivalence=equivalence) == said


@pytest.mark.clause("CGVU 6")
def test_every_client_reads_what_was_announced_and_nobody_changes_it(engine_db):
    row = changes.announce(**UPDATE, actor=ACTOR)
    with pytest.raises(Refused, match="equivalence_missing"):
        changes.announce(**UPDATE | {"kind": "removal"}, actor=ACTOR)

    for client in (make_client(), make_client()):
        with client_scope(client.pk):
            assert [one.title for one in queries.product_changes()] == ["Replies by AI"]
            with pytest.raises(DatabaseError):
                ProductChange(
                    kind="update", product="soview", title="x", text="x", effective_on=row.effective_on
                ).save()
    with pytest.raises(DatabaseError), staff_scope():
        ProductChange.objects.using("staff").filter(pk=row.pk).update(title="Something else")


@pytest.mark.parametrize("given", [{"kind": "gift"}, {"product": "sms"}, {"title": " "}, {"text": "\n"}])
def test_what_says_nothing_is_not_announced(given):
    with pytest.raises(Refused, match="change_unreadable"):
        changes.announce(**UPDATE | given, actor=ACTOR)


@pytest.mark.clause("CGVU 6")
@pytest.mark.parametrize(
    ("language", "included", "instead"),
    [("en", "Included", "What takes over:"), ("fr", "Compris", "Ce qui prend le relais :")],
)
def test_staff_announce_on_screen_and_clients_read_it(engine_db, language, included, instead):
    client = make_client()
    staff, theirs = browser(make_user(is_operator=True), language), browser(make_user(client=client), language)
    form = UPDATE | {"effective_on": "01/05/2026" if language == "fr" else "2026-05-01"}

    empty = theirs.get(f"/c/{client.slug}/contract/changes")
    refused = staff.post("/op/contracts/changes/", form | {"price_eur": "5"})
    done = staff.post("/op/contracts/changes/", form)
    staff.post("/op/contracts/changes/", form | {"kind": "removal", "title": "Old list", "equivalence": "The new one."})

    assert "Replies by AI" not in empty.text
    assert (refused.status_code, "art. 6" in unescape(refused.text).replace("\xa0", " ")) == (422, True)
    assert done.status_code == 302, unescape(done.text)
    page = unescape(theirs.get(f"/c/{client.slug}/contract/changes").text).replace("\xa0", " ")
    assert all(words in page for words in ("Replies by AI", included, instead))
    assert theirs.get("/op/contracts/changes/").status_code == 404
    assert "Old list" in unescape(staff.get("/op/contracts/changes/").text)


def browser(user, language):
    made = Browser(headers={"accept-language": language})
    made.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return made
