"""Tables of campaigns, with their walls."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls
from sofy.kit.rls import EnableClientRLS

# A short link arrives without a client: only this function, which answers one exact code, may look across clients.
RESOLVE_LINK = """
CREATE POLICY soreach_shortlink_resolver ON soreach_shortlink FOR SELECT TO sofy_owner USING (true);
CREATE POLICY soreach_trackedlink_resolver ON soreach_trackedlink FOR SELECT TO sofy_owner USING (true);
CREATE FUNCTION soreach_resolve_link(wanted text)
RETURNS TABLE (client_id uuid, campaign_id uuid, link_id uuid, contact_id uuid, variant text, target text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.client_id, s.campaign_id, s.link_id, s.contact_id, l.variant::text, l.target
      FROM soreach_shortlink s JOIN soreach_trackedlink l ON l.id = s.link_id AND l.client_id = s.client_id
     WHERE s.code = wanted
$$;
REVOKE ALL ON FUNCTION soreach_resolve_link(text) FROM public;
GRANT EXECUTE ON FUNCTION soreach_resolve_link(text) TO sofy_web;
"""

# The worker looks at every client's campaigns each minute: this function tells it which clients have some, nothing
# else.
CLIENTS_WITH_WORK = """
CREATE POLICY soreach_campaign_clock ON soreach_campaign FOR SELECT TO sofy_owner USING (true);
CREATE FUNCTION soreach_clients_with_work(at timestamptz)
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT client_id FROM soreach_campaign
     WHERE status IN ('expanding', 'running', 'paused')
        OR (status = 'scheduled' AND starts_at <= at + interval '12 hours')
$$;
REVOKE ALL ON FUNCTION soreach_clients_with_work(timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION soreach_clients_with_work(timestamptz) TO sofy_web;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [("kit", "0001_initial"), ("messaging", "0001_engine")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="CampaignExclusion",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id",
                        "campaign_id",
                        "contact_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("campaign_id", models.UUIDField()),
                ("contact_id", models.UUIDField()),
                ("reason", models.CharField(max_length=20)),
                ("detail", models.CharField(blank=True, max_length=40)),
            ],
            options={
                "db_table": "soreach_exclusion",
            },
        ),
        migrations.CreateModel(
            name="ShortLink",
            fields=[
                ("code", models.CharField(max_length=12, primary_key=True, serialize=False)),
                ("client_id", models.UUIDField()),
                ("link_id", models.UUIDField()),
                ("campaign_id", models.UUIDField()),
                ("contact_id", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "soreach_shortlink",
            },
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("awaiting_approval", "Awaiting approval"),
                            ("scheduled", "Scheduled"),
                            ("expanding", "Preparing"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("finished", "Finished"),
                            ("cancelled", "Cancelled"),
                            ("refused", "Refused"),
                        ],
                        default="draft",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("updated_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("author", models.CharField(max_length=80)),
                (
                    "segment_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "excluded_segment_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "timing",
                    models.CharField(
                        choices=[
                            ("now", "As soon as it is confirmed"),
                            ("at", "At a chosen moment"),
                            ("gradual", "Gradually, over several hours"),
                        ],
                        default="now",
                        max_length=8,
                    ),
                ),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("spread_hours", models.PositiveSmallIntegerField(default=0)),
                ("local_time", models.BooleanField(default=False)),
                (
                    "late",
                    models.CharField(
                        choices=[("next_opening", "Send it at the next opening"), ("drop", "Do not send it any more")],
                        default="next_opening",
                        max_length=12,
                    ),
                ),
                ("sender", models.CharField(blank=True, max_length=11)),
                ("route_id", models.UUIDField(blank=True, null=True)),
                ("short_code", models.CharField(blank=True, max_length=5)),
                ("unit_price_eur", models.DecimalField(decimal_places=6, default=0, max_digits=12)),
                ("budget_eur", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ("cap_messages", models.PositiveSmallIntegerField(default=0)),
                ("cap_days", models.PositiveSmallIntegerField(default=7)),
                (
                    "winner_by",
                    models.CharField(
                        choices=[("clicks", "People who clicked"), ("replies", "People who replied")],
                        default="clicks",
                        max_length=8,
                    ),
                ),
                ("editorial", models.JSONField(default=dict)),
                ("confirmed_count", models.PositiveIntegerField(null=True)),
                ("approved_by", models.CharField(blank=True, max_length=80)),
                ("approved_at", models.DateTimeField(null=True)),
                ("launched_by", models.CharField(blank=True, max_length=80)),
                ("launched_at", models.DateTimeField(null=True)),
                ("expanded_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("counts", models.JSONField(default=dict)),
                ("refused_because", models.JSONField(default=list)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["client_id", "status", "created_at"], name="soreach_campaign_by_status")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "id"), name="soreach_campaign_id_per_client")
                ],
            },
        ),
        migrations.CreateModel(
            name="Click",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("campaign_id", models.UUIDField()),
                ("link_id", models.UUIDField()),
                ("contact_id", models.UUIDField(null=True)),
                ("message_id", models.UUIDField(null=True)),
                ("variant", models.CharField(max_length=1)),
                ("at", models.DateTimeField()),
                ("score", models.PositiveSmallIntegerField()),
                ("human", models.BooleanField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["client_id", "campaign_id", "contact_id"], name="soreach_click_by_contact")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "id"), name="soreach_click_id_per_client")
                ],
            },
        ),
        migrations.CreateModel(
            name="TestSend",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("variant", models.CharField(max_length=1)),
                ("message_id", models.UUIDField()),
                ("author", models.CharField(max_length=80)),
                ("at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="test_sends", to="soreach.campaign"
                    ),
                ),
            ],
            options={
                "ordering": ["-at"],
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "id"), name="soreach_test_send_id_per_client")
                ],
            },
        ),
        migrations.CreateModel(
            name="TrackedLink",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("variant", models.CharField(max_length=1)),
                ("position", models.PositiveSmallIntegerField()),
                ("target", models.TextField()),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="links", to="soreach.campaign"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "id"), name="soreach_tracked_link_id_per_client"),
                    models.UniqueConstraint(
                        fields=("campaign", "variant", "position"), name="soreach_tracked_link_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Variant",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("label", models.CharField(max_length=1)),
                ("source", models.TextField(blank=True)),
                ("share", models.PositiveSmallIntegerField(default=1)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="variants", to="soreach.campaign"
                    ),
                ),
            ],
            options={
                "ordering": ["label"],
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "id"), name="soreach_variant_id_per_client"),
                    models.UniqueConstraint(fields=("campaign", "label"), name="soreach_variant_once"),
                ],
            },
        ),
        *(
            EnableClientRLS(table)
            for table in (
                "soreach_campaign",
                "soreach_variant",
                "soreach_trackedlink",
                "soreach_shortlink",
                "soreach_click",
                "soreach_exclusion",
                "soreach_testsend",
            )
        ),
        migrations.RunSQL(RESOLVE_LINK, "DROP FUNCTION soreach_resolve_link(text)"),
        migrations.RunSQL(CLIENTS_WITH_WORK, "DROP FUNCTION soreach_clients_with_work(timestamptz)"),
    ]
