"""The form of a template: what each channel shows, in fields that a person fills in."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _
from msgspec.structs import replace

from sofy.kernel.content import Button, Content, Media
from sofy.kernel.errors import Refused
from sofy.messaging import template_rules as rules
from sofy.messaging.template_rules import Contents

_BUTTONS_HELP = _("One per line: “See = https://…”, “Call = tel:+33199001234”, or a plain answer such as STOP.")


def _text(label: Any, **options: Any) -> forms.CharField:
    rows = options.pop("rows", 4)
    widget = forms.Textarea(attrs={"rows": rows, "data-content": "yes"})
    return forms.CharField(label=label, required=False, strip=False, widget=widget, **options)


class TemplateForm(forms.Form):
    """Every channel of a template; one that is left empty it does not have."""

    code = forms.CharField(
        label=_("Code"),
        max_length=rules.LONGEST_CODE,
        help_text=_("What your software calls it: small letters, digits and _, as in order_ready. It never changes."),
    )
    name = forms.CharField(label=_("Name"), max_length=80)
    purpose = forms.ChoiceField(
        label=_("What it is for"), choices=[("marketing", _("Marketing")), ("alert", _("Alerts"))]
    )
    sms_text = _text(_("Text"), max_length=rules.LONGEST["sms"])
    rcs_text = _text(_("Text"), max_length=rules.LONGEST["rcs"])
    rcs_image = forms.CharField(label=_("Address of a picture"), required=False, max_length=2048)
    rcs_buttons = _text(_("Buttons"), rows=2, help_text=_BUTTONS_HELP, max_length=4_000)
    whatsapp_text = _text(_("Text"), max_length=rules.LONGEST["whatsapp"])
    whatsapp_buttons = _text(_("Buttons"), rows=2, help_text=_BUTTONS_HELP, max_length=4_000)
    email_subject = forms.CharField(label=_("Subject"), required=False, max_length=200)
    email_text = _text(_("Text"), rows=5, max_length=rules.LONGEST["email"])
    email_html = _text(_("Page (HTML)"), rows=5, max_length=500_000)

    def __init__(self, *args: Any, known: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.label_suffix = ""
        if known:
            del self.fields["code"]

    def of(self, channel: str) -> list[Any]:
        """The fields of one channel, for the page."""
        return [self[name] for name in self.fields if name.startswith(f"{channel}_")]

    def contents(self, before: Mapping[str, Content]) -> Contents:
        """What was filled in; what the form cannot show of the version before stays (cards, for one).

        Raises: Refused template_buttons, template_content.
        """
        data = {name: self._value(name) for name in self.fields}
        made = {
            "sms": Content(text=data["sms_text"]),
            "rcs": replace(
                before.get("rcs", Content()), text=data["rcs_text"], buttons=read_buttons(data["rcs_buttons"], "rcs"),
                media=_picture(data["rcs_image"], before.get("rcs")),
            ),
            "whatsapp": replace(
                before.get("whatsapp", Content()), text=data["whatsapp_text"],
                buttons=read_buttons(data["whatsapp_buttons"], "whatsapp"),
            ),
            "email": Content(text=data["email_text"], subject=data["email_subject"], html=data["email_html"]),
        }  # fmt: skip
        kept = {channel: each for channel, each in made.items() if each != Content()}
        try:
            return msgspec.convert(msgspec.to_builtins(kept), Contents)
        except msgspec.ValidationError as error:
            raise Refused("template_content", problem=str(error).partition(" - at")[0]) from None

    def _value(self, name: str) -> str:
        value = self.cleaned_data.get(name) if self.is_valid() else self[name].value()
        text = str(value or "").replace("\r\n", "\n")
        return text if text.strip() else ""

    def samples(self, contents: Contents) -> dict[str, str]:
        """The values typed beside the places."""
        return {name: self.data.get(f"sample-{name}", "")[: rules.LONGEST_SAMPLE] for name in rules.places(contents)}


def initial_of(contents: Mapping[str, Content]) -> dict[str, str]:
    """The fields of a template that exists."""
    sms, rcs, whatsapp, email = (contents.get(channel, Content()) for channel in rules.CHANNELS)
    return {
        "sms_text": sms.text, "rcs_text": rcs.text, "rcs_image": rcs.media.url if rcs.media else "",
        "rcs_buttons": written_buttons(rcs.buttons), "whatsapp_text": whatsapp.text,
        "whatsapp_buttons": written_buttons(whatsapp.buttons), "email_subject": email.subject,
        "email_text": email.text, "email_html": email.html,
    }  # fmt: skip


def read_buttons(text: str, channel: str) -> list[Button]:
    """Buttons, one per line. Raises: Refused template_buttons."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        label, equals, value = (part.strip() for part in line.partition("="))
        kind = "call" if value.startswith("tel:") else "url" if value.startswith(("https://", "{{")) else "reply"
        if not 1 <= len(label) <= 25 or (equals and not value):
            raise Refused("template_buttons", channel=channel)
        found.append(Button(kind=kind, label=label, value=value.removeprefix("tel:") or label))  # type: ignore[arg-type]
    return found


def written_buttons(buttons: list[Button]) -> str:
    """The same, as they are typed."""
    start = {"call": "tel:"}
    return "\n".join(
        each.label if each.kind == "reply" and each.value == each.label
        else f"{each.label} = {start.get(each.kind, '')}{each.value}"
        for each in buttons
    )  # fmt: skip


def _picture(address: str, before: Content | None) -> Media | None:
    if not address:
        return None
    old = before.media if before else None
    return replace(old, url=address) if old else Media(kind="image", url=address)
