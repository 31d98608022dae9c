"""A campaign, its contents, whom it leaves out, and its links.

The rows per recipient (exclusion, short link, click) carry no foreign key: they are written by tens of thousands, and
row-level security keeps clients apart. Who received what is not here but in the engine's ledger, one row per recipient.
"""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sofy.audience.segments.reach import Channel
from sofy.kernel import clock
from sofy.kit.models import ClientOwned
from sofy.soreach import rules

#: A moment outside these is no date of a campaign, and beyond what Python can read it would end every list it is on.
_FIRST, _LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


#: Channel -> what a consent is given for; one for SMS holds for RCS.
_ASKED: dict[str, Channel] = {"sms": "sms", "rcs": "sms", "whatsapp": "whatsapp", "email": "email"}


class Campaign(ClientOwned):
    """One message to many people, from the draft to the report.

    `ladder`: the channels it takes, in their order, each with after_s, sender, short_code and price_eur; empty: SMS
    alone, with the sender, the short code and the price of the campaign itself.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        AWAITING = "awaiting_approval", _("Awaiting approval")
        SCHEDULED = "scheduled", _("Scheduled")
        EXPANDING = "expanding", _("Preparing")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", pgettext_lazy("campaign", "Finished")
        CANCELLED = "cancelled", pgettext_lazy("campaign", "Cancelled")
        REFUSED = "refused", pgettext_lazy("campaign", "Refused")

    class Timing(models.TextChoices):
        NOW = "now", _("As soon as it is confirmed")
        AT = "at", _("At a chosen moment")
        GRADUAL = "gradual", _("Gradually, over several hours")

    class Late(models.TextChoices):
        NEXT_OPENING = "next_opening", _("Send it at the next opening")
        DROP = "drop", _("Do not send it any more")

    class WinnerBy(models.TextChoices):
        CLICKS = "clicks", _("People who clicked")
        REPLIES = "replies", _("People who replied")

    class Opens(models.TextChoices):
        OFF = "off", _("Not at all")
        TOGETHER = "together", _("All together: an approximate figure, nobody is told apart")
        EACH = "each", _("Each person who agreed to it, the others all together")

    name = models.CharField(max_length=120)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    author = models.CharField(max_length=80)

    segment_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    excluded_segment_ids = ArrayField(models.UUIDField(), default=list, blank=True)

    timing = models.CharField(max_length=8, choices=Timing.choices, default=Timing.NOW)
    starts_at = models.DateTimeField(null=True, blank=True)
    spread_hours = models.PositiveSmallIntegerField(default=0)
    local_time = models.BooleanField(default=False)
    late = models.CharField(max_length=12, choices=Late.choices, default=Late.NEXT_OPENING)

    sender = models.CharField(max_length=11, blank=True)
    route_id = models.UUIDField(null=True, blank=True)
    short_code = models.CharField(max_length=5, blank=True)
    unit_price_eur = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    budget_eur = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    cap_messages = models.PositiveSmallIntegerField(default=0)
    cap_days = models.PositiveSmallIntegerField(default=7)
    plain_fields = models.BooleanField(default=False)
    ladder = models.JSONField(default=list, blank=True)
    opens = models.CharField(max_length=8, choices=Opens.choices, default=Opens.TOGETHER)
    winner_by = models.CharField(max_length=8, choices=WinnerBy.choices, default=WinnerBy.CLICKS)

    editorial = models.JSONField(default=dict)
    confirmed_count = models.PositiveIntegerField(null=True)
    approved_by = models.CharField(max_length=80, blank=True)
    approved_at = models.DateTimeField(null=True)
    launched_by = models.CharField(max_length=80, blank=True)
    launched_at = models.DateTimeField(null=True)
    expanded_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    refused_because = models.JSONField(default=list)
    settled = models.JSONField(null=True)  # status -> recipients, counted once when the ledger can move no more

    #: The establishments of whoever looks at it now, None for all; set with the campaign of an address (views/common).
    seen_by: frozenset[UUID] | None = None

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["client_id", "status", "created_at"], name="soreach_campaign_by_status"),
            models.Index(
                fields=["client_id", "status"],
                name="soreach_campaign_unsettled",
                condition=models.Q(settled__isnull=True),
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="soreach_campaign_id_per_client"),
            models.CheckConstraint(
                condition=models.Q(starts_at__gte=_FIRST, starts_at__lt=_LAST), name="soreach_campaign_starts_in_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_draft(self) -> bool:
        """Only a draft may be changed."""
        return self.status == self.Status.DRAFT

    @property
    def look(self) -> str:
        """The status in the words of the design system."""
        return "preparing" if self.status == self.Status.EXPANDING else str(self.status)

    @property
    def is_live(self) -> bool:
        """Whether messages may still leave."""
        return rules.Status(self.status) in rules.LIVE

    @property
    def only_channel(self) -> str:
        """The channel it leaves by; none where several are tried."""
        return self.channels[0] if len(self.channels) == 1 else ""

    @property
    def by_mail(self) -> bool:
        """Whether it leaves by e-mail alone: who takes a mail says nothing more, so nobody is known to have it."""
        return self.only_channel == "email"

    @property
    def channels(self) -> list[str]:
        """The channels that are tried, in their order."""
        return [step["channel"] for step in self.ladder] or ["sms"]

    @property
    def consents(self) -> tuple[Channel, ...]:
        """The channels whose consent decides who can be written to, that for SMS first."""
        taken = {_ASKED[channel] for channel in self.channels}
        return tuple(each for each in dict.fromkeys(_ASKED.values()) if each in taken)

    @property
    def schedule(self) -> rules.Schedule:
        """When its messages are due; until the launch, as if it were now."""
        starts_at = self.starts_at or self.launched_at or clock.now()
        return rules.Schedule(starts_at, self.spread_hours, self.local_time, self.launched_at)

    @property
    def has_report(self) -> bool:
        """Whether there is something to look at: it was launched."""
        return self.launched_at is not None and self.status not in (self.Status.SCHEDULED, self.Status.REFUSED)


class Variant(ClientOwned):
    """One content of a campaign; several of them make an A/B test.

    `source`: the text of an SMS. `others`: what the other channels say, as `rich` reads it: channel -> content.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="variants")
    label = models.CharField(max_length=1)
    source = models.TextField(blank=True)
    others = models.JSONField(default=dict, blank=True)
    share = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["label"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="soreach_variant_id_per_client"),
            models.UniqueConstraint(fields=["campaign", "label"], name="soreach_variant_once"),
        ]

    def __str__(self) -> str:
        return self.label


class TrackedLink(ClientOwned):
    """An address of a content that recipients receive as a short link."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="links")
    variant = models.CharField(max_length=1)
    position = models.PositiveSmallIntegerField()
    target = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="soreach_tracked_link_id_per_client"),
            models.UniqueConstraint(fields=["campaign", "variant", "position"], name="soreach_tracked_link_once"),
        ]

    def __str__(self) -> str:
        return self.target


class ShortLink(models.Model):
    """One person's own address for one link. The code is unique on the whole platform: it arrives without a client."""

    code = models.CharField(max_length=12, primary_key=True)
    client_id = models.UUIDField()
    link_id = models.UUIDField()
    campaign_id = models.UUIDField()
    contact_id = models.UUIDField(null=True)

    class Meta:
        db_table = "soreach_shortlink"

    def __str__(self) -> str:
        return self.code


class OpenImage(models.Model):
    """Where the e-mails of one variant fetch their image: one address for everybody, or that of one who agreed."""

    code = models.CharField(max_length=12, primary_key=True)
    client_id = models.UUIDField()
    campaign_id = models.UUIDField()
    variant = models.CharField(max_length=1)
    contact_id = models.UUIDField(null=True)
    identity_index = models.BinaryField(null=True)  # of their address: what the consent ledger knows them by

    class Meta:
        db_table = "soreach_openimage"

    def __str__(self) -> str:
        return self.code


class OpenCount(models.Model):
    """How often the images of a variant were fetched within an hour. It names nobody, and cannot be traced to anybody.

    Alone among the figures it cannot be counted again: what it was counted from is not kept, which is the point.
    `early`: by machines that fetch images whether or not anybody reads.
    """

    pk = models.CompositePrimaryKey("client_id", "campaign_id", "variant", "hour")
    client_id = models.UUIDField()
    campaign_id = models.UUIDField()
    variant = models.CharField(max_length=1)
    hour = models.DateTimeField()
    fetched = models.PositiveIntegerField(default=0)
    early = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "soreach_opencount"

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}"


class Click(ClientOwned):
    """One visit of a short link, by a person or by a machine. No address and no browser is kept."""

    campaign_id: UUID = models.UUIDField()  # type: ignore[assignment]
    link_id = models.UUIDField()
    contact_id = models.UUIDField(null=True)
    message_id = models.UUIDField(null=True)
    variant = models.CharField(max_length=1)
    at = models.DateTimeField()
    score = models.PositiveSmallIntegerField()
    human = models.BooleanField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["client_id", "campaign_id", "contact_id"], name="soreach_click_by_contact"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="soreach_click_id_per_client")
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class CampaignExclusion(models.Model):
    """Somebody of the audience who does not receive the campaign, and why."""

    pk = models.CompositePrimaryKey("client_id", "campaign_id", "contact_id")
    client_id = models.UUIDField()
    campaign_id = models.UUIDField()
    contact_id = models.UUIDField()
    reason = models.CharField(max_length=20)
    detail = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "soreach_exclusion"

    def __str__(self) -> str:
        return self.reason


class Unsubscribe(models.Model):
    """Somebody said no by the link of an e-mail of a campaign. The consent ledger has the proof; this is the figure."""

    pk = models.CompositePrimaryKey("client_id", "message_id")
    client_id = models.UUIDField()
    message_id = models.UUIDField()
    campaign_id = models.UUIDField()
    contact_id = models.UUIDField(null=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "soreach_unsubscribe"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class TestSend(ClientOwned):
    """A message sent to try a content. The number is in the engine's sealed payload only."""

    __test__ = False  # not a pytest class

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="test_sends")
    variant = models.CharField(max_length=1)
    message_id = models.UUIDField()
    author = models.CharField(max_length=80)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering: ClassVar = ["-at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_id", "id"], name="soreach_test_send_id_per_client")
        ]

    def __str__(self) -> str:
        return f"{self.variant} {self.at:%Y-%m-%d %H:%M}"


class ReportFile(ClientOwned):
    """A report of many people, written by a job: encrypted under the client's key, for whoever asked, for a week."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=4)
    language = models.CharField(max_length=5)
    actor = models.CharField(max_length=80)
    establishments = models.JSONField(null=True)  # what this person may see; None: all
    asked_at = models.DateTimeField(default=clock.now)
    ready_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "soreach_reportfile"

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"
