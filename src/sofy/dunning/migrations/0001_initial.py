"""Tables of late payers: who may see and write what is said right after them."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls
from sofy.kit.rls import policy_sql

#: What staff may do there. What was done stays as it was.
RIGHTS = {
    "dunning_standing": "SELECT, INSERT, UPDATE",
    "dunning_act": "SELECT, INSERT",
    "dunning_link": "SELECT, INSERT",
}


def protect() -> list[Any]:
    """Row-level security and rights of every table."""
    statements = [f"REVOKE ALL ON {table} FROM sofy_web, sofy_staff" for table in RIGHTS]
    for table, rights in RIGHTS.items():
        statements += [*policy_sql(table), f"GRANT {rights} ON {table} TO sofy_staff"]
    # Whoever has a link uses it on the client's login, and writes nothing else.
    return [*statements, "GRANT SELECT, UPDATE (used_at, acknowledged_by) ON dunning_link TO sofy_web"]


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        ("contracts", "0003_proofs_of_delivery"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Act",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.CharField(max_length=120)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("reminder", "Reminder"),
                            ("formal", "Formal notice"),
                            ("second", "Second formal notice"),
                            ("weak_proof", "Sign of delivery that proves nothing"),
                            ("promise", "Promise to pay"),
                            ("lift_asked", "Lifting asked for; a second person has to agree"),
                        ],
                        max_length=12,
                    ),
                ),
                ("step", models.SmallIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("invoices", models.JSONField(default=list)),
                ("promised_on", models.DateField(null=True)),
                ("amount_eur", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ("text", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("paper", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("sha256", models.CharField(max_length=64)),
                ("proof", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("actor", models.CharField(max_length=80)),
                ("recorded_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.notice"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dunning_acts",
                        to="contracts.orderform",
                    ),
                ),
            ],
            options={
                "db_table": "dunning_act",
                "indexes": [models.Index(fields=["client_id", "at"], name="dunning_act_of_client")],
                "constraints": [models.UniqueConstraint(fields=("order_form", "key"), name="dunning_act_once")],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("token_sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("acknowledged_by", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "notice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.notice"
                    ),
                ),
            ],
            options={
                "db_table": "dunning_link",
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "token_sha256"), name="dunning_link_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("as_of", models.DateField()),
                ("worked_out_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("not_due_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("late_30_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("late_60_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("late_90_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("late_more_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("contested_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("penalties_eur", models.DecimalField(decimal_places=2, default=0, max_digits=12)),
                ("provisional", models.BooleanField(default=False)),
                ("oldest_due_on", models.DateField(null=True)),
                ("next_due_on", models.DateField(null=True)),
                ("next_act", models.CharField(blank=True, default="", max_length=20)),
                ("next_act_on", models.DateField(null=True)),
                ("suspended", models.BooleanField(default=False)),
                ("insolvent", models.BooleanField(default=False)),
                ("problem", models.CharField(blank=True, default="", max_length=60)),
                ("problem_since", models.DateTimeField(null=True)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="standing", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "dunning_standing",
                "indexes": [models.Index(fields=["as_of"], name="dunning_standing_day")],
            },
        ),
        migrations.RunSQL(protect(), migrations.RunSQL.noop),
    ]
