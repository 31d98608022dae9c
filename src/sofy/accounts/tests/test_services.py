"""Users, factors and keys: what is kept, refused and sealed."""

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection

from sofy.accounts import services
from sofy.accounts.models import User
from sofy.accounts.tests.factories import PASSWORD, make_user
from sofy.kernel.crypto import Unreadable
from sofy.kernel.errors import Refused

pytestmark = pytest.mark.django_db(databases=["default", "staff"])


def raw(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


def test_a_password_is_argon2_and_an_address_is_written_one_way():
    user = services.create_user(email=" Karim@Example.TEST ", password=PASSWORD)

    assert user.email == "karim@example.test"
    assert user.password.startswith("argon2")
    assert User.objects.get_by_natural_key("KARIM@example.test") == user


def test_a_second_run_answers_the_same_person():
    first = services.create_user(email="a@example.test", password=PASSWORD)

    again = services.create_user(email="A@example.test", password="another password 77")

    assert again == first
    assert again.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("_case", "email", "password", "code"),
    [
        ("no address", "nobody", PASSWORD, "email_invalid"),
        ("short", "a@example.test", "court", "password_weak"),
        ("the address itself", "marie.curie@example.test", "marie.curie@example.test", "password_weak"),
    ],
)
def test_a_user_is_refused(_case, email, password, code):
    with pytest.raises(Refused) as refusal:
        services.create_user(email=email, password=password)

    assert refusal.value.code == code


def test_names_and_secrets_of_factors_are_unreadable_at_rest():
    user = make_user(full_name="Élodie Martinez")
    secret = Authenticator.objects.get(user=user, type="totp").data["secret"]

    name = bytes(raw("SELECT sealed_name FROM accounts_user WHERE id = %s", user.pk))

    assert b"Martinez" not in name
    assert len(secret) > 40  # sealed: a bare secret has 32 characters
    assert User.objects.get(pk=user.pk).full_name == "Élodie Martinez"


def test_a_name_copied_to_another_person_does_not_open():
    one, other = make_user(full_name="Élodie Martinez"), make_user()
    other.sealed_name = one.sealed_name

    with pytest.raises(Unreadable):
        _ = other.full_name


def test_demo_codes_are_refused_in_production(settings):
    user = make_user()
    settings.PRODUCTION = True

    for attempt in (lambda: services.current_totp_code(user.email), lambda: services.ensure_totp(user)):
        with pytest.raises(Refused) as refusal:
            attempt()
        assert refusal.value.code == "demo_only"


def test_a_code_of_somebody_without_an_app_is_refused():
    user = make_user(secured=False)

    with pytest.raises(Refused) as refusal:
        services.current_totp_code(user.email)

    assert refusal.value.code == "no_totp"
