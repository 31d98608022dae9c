"""Forms of one's own account, of invitations and of API keys."""

import re
from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.mfa import app_settings as mfa
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as factors
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sofy.accounts.models import User
from sofy.accounts.rules import read_networks
from sofy.accounts.words import SCOPES
from sofy.kernel.errors import Refused
from sofy.ui import problems


class LogInForm(LoginForm):  # type: ignore[misc]
    """Address and password, named as everywhere else and without hints that repeat the labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_address(self, "login")


class NewPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """The address to which a link for a new password goes, named likewise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_address(self, "email")


def _name_address(form: forms.Form, field: str) -> None:
    form.fields[field].label = _("E-mail address")
    for each in form.fields.values():
        each.widget.attrs.pop("placeholder", None)


class OnceForm:
    """A form that takes a code takes it once, for as long as a code is good.

    Source: RFC 6238, 5.2. allauth remembers a code for its own half minute only, not for those beside it.
    """

    authenticator: Authenticator
    user: User

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:
            good_for_s = mfa.TOTP_PERIOD * (2 * mfa.TOTP_TOLERANCE + 1)
            digits = re.sub(r"\D", "", code)
            if not cache.add(f"totp.used.{self.user.pk}.{digits}", "y", timeout=good_for_s):
                raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(OnceForm, factors.AuthenticateForm):  # type: ignore[misc]
    """The second step of a log-in."""


class ReauthenticateForm(OnceForm, factors.ReauthenticateForm):  # type: ignore[misc]
    """The code that is asked for again before something delicate."""


class ProfileForm(forms.Form):
    """Name and language."""

    full_name = forms.CharField(
        label=_("Full name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser")), *settings.LANGUAGES]
    )


class JoinForm(forms.Form):
    """What an invited person without an account gives."""

    full_name = forms.CharField(
        label=_("Full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=lazy(password_validators_help_text_html, str)(),
    )
    again = forms.CharField(
        label=_("The password again"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """Both passwords alike, and strong enough for this person."""
        data = super().clean() or {}
        password = data.get("password")
        if password and data.get("again") and password != data["again"]:
            self.add_error("again", gettext("The two passwords differ."))
        elif password:
            try:
                validate_password(password, User(email=self.email))
            except ValidationError as error:
                self.add_error("password", error)
        return data


class ApiKeyForm(forms.Form):
    """A key's name, its rights and from where it may be used."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("The software that will use it, as in “till 3”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("Rights"), choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple,
        help_text=_("Today the API sends messages and tells what became of them; the other rights open nothing yet."),
    )  # fmt: skip
    networks = forms.CharField(
        label=_("From which addresses (optional)"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_(
            "Network addresses of your servers, one per line: 203.0.113.7, or a block such as 203.0.113.0/24. The key"
            " opens nothing from elsewhere. Left empty, it can be used from anywhere."
        ),
    )

    def clean_networks(self) -> list[str]:
        try:
            return read_networks(re.split(r"[\s,;]+", self.cleaned_data["networks"]))
        except Refused as refused:
            raise ValidationError(problems.sentence(refused)) from None
