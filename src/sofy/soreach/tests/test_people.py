"""What an author may write between braces."""

from sofy.audience.models import Attribute
from sofy.kit.rls import client_scope
from sofy.soreach import people
from sofy.soreach.tests import factories


def test_an_author_is_offered_the_clients_own_fields_but_no_sealed_one(engine_db):
    client = factories.make_client()
    with client_scope(client.id):
        for name, private in (("pain_favori", False), ("note_medicale", True)):
            Attribute.objects.create(client_id=client.id, name=name, label=name, kind="text", private=private)

        offered = people.fields(client.id)

    assert "prenom" in offered
    assert "pain_favori" in offered
    assert "note_medicale" not in offered
