"""How a message travels, and what it says beside the text of an SMS: by RCS, by WhatsApp and by e-mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.kernel import templates
from sofy.messaging import queries as messaging
from sofy.soreach import people, template_message
from sofy.soreach.models import Campaign
from sofy.soreach.services import ladders
from sofy.soreach.words import CHANNELS

KINDS = [("url", _("opens a page")), ("call", _("calls")), ("reply", _("answers"))]
BUTTONS = (1, 2)
TEXTS: dict[str, dict[str, Any]] = {
    "rcs": {"text": _("Text"), "image": _("Picture (address that begins with https://)")},
    "email": {
        "subject": _("Subject"),
        "preheader": _("Shown after the subject"),
        "heading": _("Heading"),
        "text": _("Text"),
        "image": _("Picture (address that begins with https://)"),
        "label": _("Button"),
        "link": _("The button opens"),
    },
}
_LONG = frozenset({"text"})


def offered(campaign: Campaign) -> list[str]:
    """The channels a campaign may take, SMS first; those it takes already stay."""
    there = messaging.channel_offers(campaign.client_id)
    return [channel for channel in CHANNELS if channel == "sms" or channel in there or channel in campaign.channels]


def add_travel(form: forms.Form, campaign: Campaign, channels: Sequence[str]) -> None:
    """How it travels: one channel, whether SMS comes behind RCS, and any other order."""
    taken = campaign.channels
    form.fields["channel"] = forms.ChoiceField(
        label=_("How it travels"), widget=forms.RadioSelect, required=False, initial=taken[0],
        choices=[(name, CHANNELS[name]) for name in channels],
    )  # fmt: skip
    form.fields["also_sms"] = forms.BooleanField(
        label=_("And by SMS to whom RCS does not reach"), required=False,
        initial=taken[0] != "rcs" or "sms" in taken,
    )  # fmt: skip
    simple = {("sms",), ("rcs",), ("whatsapp",), ("email",), ("rcs", "sms")}
    orders = [order for order in ladders.ORDERS if order not in simple and set(order) <= set(channels)]
    form.fields["order"] = forms.ChoiceField(
        label=_("Another order"), required=False,
        initial="" if tuple(taken) in simple else ",".join(taken),
        choices=[("", _("As chosen above")), *((",".join(o), " → ".join(str(CHANNELS[c]) for c in o)) for o in orders)],
    )  # fmt: skip
    waits_s = next((step["after_s"] for step in campaign.ladder if step["after_s"]), ladders.AFTER_S)
    form.fields["after_hours"] = forms.IntegerField(
        label=_("Hours before the next channel is tried"), required=False, min_value=1,
        max_value=ladders.MOST_AFTER_S // 3600, initial=waits_s // 3600,
    )  # fmt: skip


def taken(data: Mapping[str, Any]) -> list[str]:
    """The channels that the fields of `add_travel` come to."""
    if data.get("order"):
        return str(data["order"]).split(",")
    first = data.get("channel") or "sms"
    return ["rcs", "sms"] if first == "rcs" and data.get("also_sms") else [first]


def add_contents(form: forms.Form, campaign: Campaign, label: str, others: Mapping[str, Any]) -> None:
    """What one variant says on the channels of the campaign beside SMS."""
    for channel in campaign.channels:
        said = others.get(channel, {})
        if channel == "whatsapp":
            _add_template(form, campaign, label, said)
        if channel not in TEXTS:
            continue
        if channel == "email":
            _add_mail_template(form, campaign, label, said)
        for name, words in TEXTS[channel].items():
            widget = forms.Textarea(attrs={"rows": 5, "data-content": label}) if name in _LONG else forms.TextInput()
            form.fields[f"{channel}_{name}_{label}"] = forms.CharField(
                label=words, required=False, max_length=2000, strip=name not in _LONG, widget=widget,
                initial=said.get(name, ""),
            )  # fmt: skip
        if channel == "rcs":
            _add_buttons(form, label, said.get("buttons", []))


def _add_mail_template(form: forms.Form, campaign: Campaign, label: str, said: Mapping[str, Any]) -> None:
    """First of all fields: what is chosen here decides which of the others count. None is offered where none is."""
    known = messaging.email_templates(campaign.client_id)
    chosen = said.get("template", "")
    if not known and not chosen:
        return
    form.fields[f"email_template_{label}"] = forms.ChoiceField(
        label=_("Template"), required=False, choices=[("", _("None: what is written here")), *known.items()],
        initial=chosen,
        help_text=_("A template brings its own words and pictures: of what stands below only the subject counts then."),
    )  # fmt: skip


def _add_buttons(form: forms.Form, label: str, buttons: Sequence[Mapping[str, Any]]) -> None:
    for number in BUTTONS:
        tap = buttons[number - 1] if len(buttons) >= number else {}
        key = f"rcs_button{number}"
        form.fields[f"{key}_label_{label}"] = forms.CharField(
            label=_("Button %(number)s") % {"number": number}, required=False, max_length=25, initial=tap.get("label")
        )
        form.fields[f"{key}_kind_{label}"] = forms.ChoiceField(
            label=_("What it does"), required=False, choices=KINDS, initial=tap.get("kind", "url")
        )
        form.fields[f"{key}_value_{label}"] = forms.CharField(
            label=_("Address or number"), required=False, max_length=2048, initial=tap.get("value")
        )


def _add_template(form: forms.Form, campaign: Campaign, label: str, said: Mapping[str, Any]) -> None:
    """Which template WhatsApp shows, and what stands in each of its places."""
    approved = messaging.approved_templates(campaign.client_id)
    code = said.get("template", "")
    gone = {} if code in approved or not code else {code: code}  # it stays until another one is chosen
    none = _("Choose…") if approved else _("No template of yours is approved for marketing yet")
    form.fields[f"whatsapp_template_{label}"] = forms.ChoiceField(
        label=_("Approved template"), required=False, initial=code,
        choices=[("", none), *approved.items(), *gone.items()],
        help_text=_("Written and sent for approval in Templates. Its words stay as WhatsApp approved them."),
    )  # fmt: skip
    if (form.is_bound and form.data.get(f"whatsapp_template_{label}", code) != code) or code not in approved:
        return  # the places of the one that is being chosen are asked for once it is kept
    content = messaging.approved_template(campaign.client_id, code)
    if content is None:
        return
    first = template_message.first_values(content, people.field_kinds(campaign.client_id))
    opened = template_message.short_link_places(content)
    for place in templates.prepare(content).places:
        words = _("The button opens") if place in opened else _("In the place “%(place)s”") % {"place": place}
        form.fields[f"whatsapp_value_{place}_{label}"] = forms.CharField(
            label=words, required=False, max_length=500, initial=said.get("values", {}).get(place) or first[place],
            widget=forms.TextInput(attrs={"data-content": label}),
        )  # fmt: skip


def _template(form: forms.Form, label: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The template that was chosen, with what fills its places; a new one begins with the fields of their names."""
    code, prefix, suffix = form.cleaned_data[f"whatsapp_template_{label}"], "whatsapp_value_", f"_{label}"
    before, values = kept.get("values", {}), {}
    for name, value in form.cleaned_data.items():
        if name.startswith(prefix) and name.endswith(suffix):
            place = name.removeprefix(prefix).removesuffix(suffix)
            values[place] = value.strip() if name in form.data else before.get(place, "")  # a page of before asks less
    if code == kept.get("template") and (values or not code):
        return {"template": code, "values": values}
    content = messaging.approved_template(form.campaign.client_id, code) if code else None  # type: ignore[attr-defined]
    if content is None:
        return {"template": code} if code else {}
    fields = people.field_kinds(form.campaign.client_id)  # type: ignore[attr-defined]
    return {"template": code, "values": template_message.first_values(content, fields)}


def groups(form: forms.Form, label: str) -> list[tuple[str, Any, list[forms.BoundField]]]:
    """(channel, its word, bound fields) of a variant, for the page."""
    found = []
    for channel in CHANNELS:
        if channel == "sms":
            continue
        names = [name for name in form.fields if name.startswith(f"{channel}_") and name.endswith(f"_{label}")]
        if names:
            found.append((channel, CHANNELS[channel], [form[name] for name in names]))
    return found


def written(form: forms.Form, label: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a variant says on the other channels; `kept`: those that are not on the page stay as they were."""
    data, said = form.cleaned_data, dict(kept)
    if f"whatsapp_template_{label}" in form.fields:
        said["whatsapp"] = _template(form, label, kept.get("whatsapp", {}))
    for channel, texts in TEXTS.items():
        if f"{channel}_text_{label}" not in form.fields:
            continue
        one = {name: (data.get(f"{channel}_{name}_{label}") or "").replace("\r\n", "\n") for name in texts}
        made: dict[str, Any] = {name: value for name, value in one.items() if value}
        if channel == "rcs":
            made["buttons"] = [tap for number in BUTTONS if (tap := _tap(data, number, label))["label"] or tap["value"]]
        elif data.get(f"email_template_{label}"):
            made["template"] = data[f"email_template_{label}"]
        said[channel] = made
    return said


def _tap(data: Mapping[str, Any], number: int, label: str) -> dict[str, str]:
    key = f"rcs_button{number}"
    return {name: data.get(f"{key}_{name}_{label}") or "" for name in ("label", "value")} | {
        "kind": data.get(f"{key}_kind_{label}") or "url"
    }
