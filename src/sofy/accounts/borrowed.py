"""Texts of Django and django-allauth that people read here, so that their French is ours.

Each is in this room's catalogue, which comes before theirs: typographic apostrophes and spaces, "adresse e-mail"
everywhere, and nothing about user names or sign-up, which do not exist here. `tests/test_french.py` finds one that is
missing.
"""

from django.utils.translation import gettext_noop, ngettext_lazy

TEXTS = (
    # django: forms and their validators
    gettext_noop("Enter a valid email address."),
    gettext_noop("Email"),
    gettext_noop("File extension “%(extension)s” is not allowed. Allowed extensions are: %(allowed_extensions)s."),
    # allauth: log-in and password
    gettext_noop("This email address is already associated with this account."),
    gettext_noop("Please type your current password."),
    gettext_noop("The email address is not assigned to any user account."),
    gettext_noop("The new value must be different from the current one."),
    gettext_noop("Email address confirmation"),
    gettext_noop("Forgot your password?"),
    gettext_noop("Forgot Password?"),
    gettext_noop("Confirm Access"),
    gettext_noop("Bad Token"),
    gettext_noop("Enter your password:"),
    # allauth: second factor
    gettext_noop("Use authenticator app or code"),
    gettext_noop("You cannot add an email address to an account protected by two-factor authentication."),
    gettext_noop("You cannot deactivate two-factor authentication."),
    gettext_noop("You cannot generate recovery codes without having two-factor authentication enabled."),
    gettext_noop("You cannot activate two-factor authentication until you have verified your email address."),
    gettext_noop("Authenticator code"),
    gettext_noop("Key nr. {number}"),
    gettext_noop(
        "Enabling passwordless operation allows you to sign in using just this key, but imposes additional requirements"
        " such as biometrics or PIN protection."
    ),
    gettext_noop("Are you sure?"),
    gettext_noop("Enter an authenticator code:"),
    gettext_noop("Authenticator App"),
    gettext_noop("Authenticator app activated."),
    gettext_noop("Authenticator app deactivated."),
    gettext_noop("No security keys have been added."),
    gettext_noop("This key does not indicate whether it is a passkey."),
    gettext_noop("Messages:"),
    gettext_noop("Menu:"),
)
COUNTED = (
    ngettext_lazy(
        "Ensure that there are no more than %(max)s digit in total.",
        "Ensure that there are no more than %(max)s digits in total.",
        "max",
    ),
    ngettext_lazy(
        "Ensure that there are no more than %(max)s decimal place.",
        "Ensure that there are no more than %(max)s decimal places.",
        "max",
    ),
    ngettext_lazy(
        "Ensure that there are no more than %(max)s digit before the decimal point.",
        "Ensure that there are no more than %(max)s digits before the decimal point.",
        "max",
    ),
)
