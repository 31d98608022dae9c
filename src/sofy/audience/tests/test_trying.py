"""Whoever gets a test of a message agreed to it, or somebody declares that they asked for it."""

import pytest

from sofy.audience.services import trying
from sofy.clients.tests.factories import make_client
from sofy.kernel.errors import Refused
from sofy.kit.keys import keys_for
from sofy.kit.rls import client_scope


@pytest.mark.django_db
@pytest.mark.clause("CGVU 17")
@pytest.mark.parametrize(
    ("asked", "limited", "code"), [(False, False, "test_not_asked"), (True, True, "test_not_agreed")]
)
def test_a_test_goes_to_nobody_who_did_not_ask_for_it(asked: bool, limited: bool, code: str):
    client = make_client()
    index = keys_for(client.pk).index("phone", "+33639980001")

    with client_scope(client.pk), pytest.raises(Refused) as refused:
        trying.permit(client.pk, "sms", [index], actor="user:x", asked=asked, limited=limited)

    assert refused.value.code == code
