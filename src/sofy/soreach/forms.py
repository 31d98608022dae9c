"""The steps of the wizard as forms; services take their `cleaned_data`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from sofy.audience.segments.models import Segment
from sofy.kernel import clock
from sofy.messaging import queries as messaging
from sofy.soreach import channel_forms, rules, words
from sofy.soreach.models import Campaign
from sofy.soreach.rules import Cap
from sofy.soreach.services.drafts import LABELS
from sofy.ui.fields import ParisMoment

#: How far from now a campaign may begin. A little while ago: the form was filled in, then somebody had lunch.
PAST, AHEAD = timedelta(days=1), timedelta(days=366)
MOST_EUR = Decimal(10_000_000)


class NameForm(forms.Form):
    """The name a campaign goes by in the team; recipients never see it."""

    name = forms.CharField(label=_("Name of the campaign"), max_length=120, help_text=_("For your team only."))


class AudienceForm(forms.Form):
    """Who: segments, and segments that are left out."""

    segment_ids = forms.MultipleChoiceField(
        label=_("Write to"), widget=forms.CheckboxSelectMultiple, required=False, error_messages={"required": ""}
    )
    excluded_segment_ids = forms.MultipleChoiceField(
        label=_("Except"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, client_id: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Segment.objects.filter(client_id=client_id, deleted_at=None).order_by("name")
        choices = [(str(row.id), row.name) for row in rows]
        for name in ("segment_ids", "excluded_segment_ids"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ids as the services want them."""
        cleaned = dict(super().clean() or {})
        for name in ("segment_ids", "excluded_segment_ids"):
            cleaned[name] = [UUID(value) for value in cleaned.get(name, [])]
        return cleaned

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        """What is ticked."""
        return {
            "segment_ids": [str(value) for value in campaign.segment_ids],
            "excluded_segment_ids": [str(value) for value in campaign.excluded_segment_ids],
        }


class ContentForm(forms.Form):
    """What: one text, or several for an A/B test, with sender and route."""

    route_id = forms.TypedChoiceField(label=_("Route"), coerce=UUID, empty_value=None, required=False)
    sender = forms.ChoiceField(label=_("Sender"), required=False)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        variants = {variant.label: variant for variant in campaign.variants.all()}
        self.labels = [label for label in LABELS if label in variants] or ["A"]
        data = self.data if self.is_bound else {}
        while len(self.labels) < len(LABELS) and (
            f"text_{LABELS[len(self.labels)]}" in data or data.get("add") == LABELS[len(self.labels)]
        ):
            self.labels.append(LABELS[len(self.labels)])
        for label in self.labels:
            variant = variants.get(label)
            self.fields[f"text_{label}"] = forms.CharField(
                label=_("Text %(label)s") % {"label": label} if len(self.labels) > 1 else _("Text"),
                widget=forms.Textarea(attrs={"rows": 6, "maxlength": 2000, "data-content": label}),
                required=False,
                strip=False,
                initial=variant.source if variant else "",
            )
            self.fields[f"share_{label}"] = forms.IntegerField(
                label=_("Share"), min_value=1, max_value=99, required=False, initial=variant.share if variant else 1
            )
        self.campaign, self.others = (
            campaign,
            {label: variants[label].others for label in self.labels if label in variants},
        )
        self.channels = channel_forms.offered(campaign)
        if len(self.channels) > 1:
            channel_forms.add_travel(self, campaign, self.channels)
        for label in self.labels:
            channel_forms.add_contents(self, campaign, label, self.others.get(label, {}))
        if "email" in campaign.channels:
            self.fields["opens"] = forms.ChoiceField(
                label=_("Counting who opens the e-mail"), choices=Campaign.Opens.choices, widget=forms.RadioSelect,
                initial=campaign.opens, required=False,
            )  # fmt: skip
        offers = messaging.route_offers()
        self.fields["route_id"].choices = [  # type: ignore[attr-defined]
            (str(offer.id), f"{offer.name} · {offer.short_code or '–'}") for offer in offers
        ]
        self.fields["route_id"].initial = campaign.route_id
        names = [sender.name for sender in messaging.active_senders(campaign.client_id)]
        if campaign.short_code:
            names.append(campaign.short_code)
        self.fields["sender"].choices = [("", "–"), *((name, name) for name in names)]  # type: ignore[attr-defined]
        self.fields["sender"].initial = campaign.sender

    def texts(self) -> list[tuple[str, Any, Any]]:
        """(label, bound text, bound share) for the page."""
        return [(label, self[f"text_{label}"], self[f"share_{label}"]) for label in self.labels]

    def _text(self, label: str) -> str:
        """The text of an SMS; where none is on the page, the one that was written before stays."""
        if f"text_{label}" in self.data:
            return str(self.cleaned_data[f"text_{label}"]).replace("\r\n", "\n")
        return str(self.fields[f"text_{label}"].initial or "")

    def pieces(self) -> list[tuple[str, Any, Any, Any]]:
        """(label, bound text or nothing without SMS, bound share, groups of the other channels) for the page."""
        by_sms = "sms" in self.campaign.channels
        return [
            (label, text if by_sms else None, share, channel_forms.groups(self, label))
            for label, text, share in self.texts()
        ]

    def changes(self) -> dict[str, Any]:
        """What the services write."""
        data = self.cleaned_data
        contents = [(self._text(label), data.get(f"share_{label}") or 1) for label in self.labels]
        changes: dict[str, Any] = {"contents": contents, "sender": data["sender"]}
        if data.get("opens"):
            changes["opens"] = data["opens"]
        if data.get("route_id"):
            changes["route_id"] = data["route_id"]
        if len(self.channels) > 1 and (data.get("channel") or data.get("order")):
            changes["channels"] = channel_forms.taken(data)
            changes["after_s"] = (data.get("after_hours") or 0) * 3600
        if any(channel_forms.groups(self, label) for label in self.labels):
            changes["others"] = {
                label: channel_forms.written(self, label, self.others.get(label, {})) for label in self.labels
            }
        return changes


class ScheduleForm(forms.Form):
    """When, how much, how often. `kept` is what may be written of a form that is not finished yet."""

    timing = forms.ChoiceField(label=_("When"), choices=Campaign.Timing.choices, widget=forms.RadioSelect)
    starts_at = ParisMoment(
        label=_("Day and hour (Paris)"),
        required=False,
    )
    spread_hours = forms.IntegerField(
        label=_("Spread over how many hours"),
        min_value=0,
        max_value=72,
        required=False,
        help_text=_("For a gradual sending."),
    )
    local_time = forms.BooleanField(
        label=_("At this hour of each recipient’s own time zone"),
        required=False,
        help_text=_("For overseas customers. Where it is over by the launch, at this hour of the next day."),
    )
    late = forms.ChoiceField(
        label=_("A message that could not leave on its day"), choices=Campaign.Late.choices, widget=forms.RadioSelect
    )
    budget_eur = forms.DecimalField(
        label=_("Budget of this campaign (€ before VAT)"),
        min_value=0,
        max_value=MOST_EUR,
        decimal_places=2,
        required=False,
    )
    cap_messages = forms.IntegerField(
        label=_("At most this many marketing messages per person"), min_value=0, max_value=50, required=False
    )
    cap_days = forms.IntegerField(label=_("in this many days"), min_value=1, max_value=365, required=False)

    def __init__(self, *args: Any, ceiling: Cap, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ceiling = ceiling
        if ceiling.messages:
            self.fields["cap_messages"].help_text = _(
                "Your settings allow %(messages)s in %(days)s days; a campaign may be stricter. Empty: that limit."
            ) % {"messages": ceiling.messages, "days": ceiling.days}

    def clean(self) -> dict[str, Any]:
        """What goes with the chosen timing."""
        cleaned = dict(super().clean() or {})
        timing = cleaned.get("timing")
        if timing != Campaign.Timing.GRADUAL:
            cleaned["spread_hours"] = 0
        elif not cleaned.get("spread_hours") and "spread_hours" not in self.errors:
            self.add_error("spread_hours", _("Say over how many hours."))
        if timing == Campaign.Timing.NOW:
            cleaned["starts_at"], cleaned["local_time"] = None, False
            self.errors.pop("starts_at", None)  # nothing is read of it
        else:
            self._check_moment(timing, cleaned.get("starts_at"))
        if timing == Campaign.Timing.GRADUAL and not cleaned.get("starts_at"):
            cleaned["local_time"] = False
        self._check_cap(Cap(cleaned.get("cap_messages") or 0, cleaned.get("cap_days") or 7))
        cleaned["cap_messages"] = cleaned.get("cap_messages") or 0
        cleaned["cap_days"] = cleaned.get("cap_days") or 7
        return cleaned

    def _check_moment(self, timing: str | None, starts_at: datetime | None) -> None:
        now = clock.now()
        if "starts_at" in self.errors:
            return
        if starts_at is None:
            if timing == Campaign.Timing.AT:
                self.add_error("starts_at", _("Choose the day and the hour."))
        elif starts_at < now - PAST:
            self.add_error("starts_at", _("This moment is over: choose one to come."))
        elif starts_at > now + AHEAD:
            self.add_error("starts_at", _("Choose a moment within a year from today."))

    def _check_cap(self, cap: Cap) -> None:
        if cap.messages and cap != self.ceiling and self.ceiling.covers(cap):
            self.add_error(
                "cap_messages",
                _("Your settings allow %(messages)s in %(days)s days: a campaign may only be stricter.")
                % {"messages": self.ceiling.messages, "days": self.ceiling.days},
            )

    def kept(self) -> dict[str, Any]:
        """The fields that are right, while others are still being typed."""
        kept = {name: value for name, value in self.cleaned_data.items() if name not in self.errors}
        return kept if self["starts_at"].data else kept | {"starts_at": None}

    @staticmethod
    def initial_of(campaign: Campaign) -> dict[str, Any]:
        """What the draft says."""
        names = ("timing", "spread_hours", "local_time", "late", "budget_eur", "cap_messages", "cap_days")
        initial = {name: getattr(campaign, name) for name in names}
        initial["spread_hours"], initial["cap_messages"] = campaign.spread_hours or None, campaign.cap_messages or None
        return initial | {"starts_at": campaign.starts_at}


class EditorialForm(forms.Form):
    """The author's own answer about forbidden content (article 12)."""

    topics = forms.MultipleChoiceField(
        label=_("The message holds"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(topic, words.TOPICS[topic]) for topic in rules.EDITORIAL_TOPICS],
    )

    def answers(self) -> dict[str, bool]:
        """Topic -> yes."""
        return dict.fromkeys(self.cleaned_data["topics"], True)


class TestSendForm(forms.Form):
    """A few phones to try on."""

    __test__ = False  # not a pytest class

    numbers = forms.CharField(
        label=_("Mobile numbers, one per line"),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        help_text=_("Numbers of people who asked for it, yours for example. Five at most."),
    )
    variant = forms.ChoiceField(label=_("Variant"), choices=[(label, label) for label in LABELS])
    asked = forms.BooleanField(
        label=_("The owners of these numbers asked for this message; the consent ledger records it."), required=False
    )

    def __init__(self, *args: Any, people: Sequence[str], by_mail: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if by_mail:
            self.fields["numbers"].label = _("E-mail addresses, one per line")
            self.fields["numbers"].help_text = _(
                "Addresses of people who asked for it, yours for example. Five at most."
            )
            self.fields["asked"].label = _(
                "The owners of these addresses asked for this message; the consent ledger records it."
            )
        self.fields["as"] = forms.TypedChoiceField(
            label=_("As this person will read it"), choices=list(enumerate(people)), coerce=int, required=False
        )

    @property
    def person(self) -> forms.BoundField:
        """The choice of a person, for the page."""
        return self["as"]

    def lines(self) -> list[str]:
        """The numbers as typed."""
        return [line for line in self.cleaned_data["numbers"].replace(",", "\n").splitlines() if line.strip()]
