"""Tables of the contracts: who may see and write what is said right after them, and the documents in force."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls
from sofy.contracts.documents import CGVU, DPA
from sofy.kit.rls import CURRENT_CLIENT_SQL, STAFF_SQL, policy_sql

OWN = f"client_id = {CURRENT_CLIENT_SQL}"
#: Tables of a client, and what its own pages may do there; staff may read, add and change all of them.
OF_CLIENTS = {
    "contracts_order_form": "SELECT, UPDATE (state, signed_at)",
    "contracts_order_form_version": "SELECT",
    "contracts_acceptance": "SELECT, INSERT",
    "contracts_notice": "SELECT",
    "contracts_onboarding": "SELECT, INSERT",
    "contracts_transfer_consent": "SELECT",
    "contracts_quota_drift": "SELECT",
}
#: Written once, by whoever acts.
FOR_GOOD = ("contracts_order_form_version", "contracts_acceptance", "contracts_document", "contracts_transfer_consent")
#: Tables of the operator, and which of their rows every client may read.
OF_THE_OPERATOR = {
    "contracts_legal_entity": "true",
    "contracts_series": "",
    "contracts_document": "true",
    "contracts_insurance": f"client_id IS NULL OR {OWN}",
}


def protect() -> list[Any]:
    """Row-level security and rights of every table."""
    statements = []
    for table, rights in OF_CLIENTS.items():
        statements += [*policy_sql(table), f"GRANT {rights} ON {table} TO sofy_web"]
    for table, readable in OF_THE_OPERATOR.items():
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {table}_staff ON {table} TO sofy_staff USING ({STAFF_SQL}) WITH CHECK ({STAFF_SQL})",
        ]
        if readable:
            statements += [
                f"CREATE POLICY {table}_read ON {table} FOR SELECT TO sofy_web USING ({readable})",
                f"GRANT SELECT ON {table} TO sofy_web",
            ]
    for table in (*OF_CLIENTS, *OF_THE_OPERATOR):
        rights = "SELECT, INSERT" if table in FOR_GOOD else "SELECT, INSERT, UPDATE"
        statements += [f"REVOKE ALL ON {table} FROM sofy_staff", f"GRANT {rights} ON {table} TO sofy_staff"]
    revoked = [f"REVOKE ALL ON {table} FROM sofy_web" for table in (*OF_CLIENTS, *OF_THE_OPERATOR)]
    return revoked + statements


def documents() -> list[Any]:
    """The terms and the DPA as they were published; they are no change of anything, so nobody refuses them."""
    insert = """INSERT INTO contracts_document
        (id, kind, version, title, text, sha256, effective_on, substantial, published_at)
        VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s::date, true, %s::date)"""
    return [
        (insert, [each.kind, each.version, each.title, each.text, each.sha256, each.version, each.version])
        for each in (CGVU, DPA)
    ]


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [("clients", "0003_suspension_cause"), ("kit", "0003_outbox_as_it_is")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="LegalEntity",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("code", models.SlugField(max_length=20, unique=True)),
                ("series", models.CharField(max_length=8, unique=True)),
                ("data", sofy.kit.fields.SealedTextField(under="id")),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "contracts_legal_entity",
            },
        ),
        migrations.CreateModel(
            name="DocumentVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("cgvu", "General terms"), ("dpa", "Data processing agreement")], max_length=4
                    ),
                ),
                ("version", models.CharField(max_length=20)),
                ("title", models.CharField(max_length=120)),
                ("text", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("effective_on", models.DateField()),
                ("substantial", models.BooleanField(default=True)),
                ("published_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("notified_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "contracts_document",
                "constraints": [models.UniqueConstraint(fields=("kind", "version"), name="contracts_document_once")],
            },
        ),
        migrations.CreateModel(
            name="InsuranceCertificate",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("client_id", models.UUIDField(editable=False, null=True)),
                ("insurer", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("policy", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("expires_on", models.DateField()),
                ("recorded_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("actor", models.CharField(max_length=80)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "contracts_insurance",
            },
        ),
        migrations.CreateModel(
            name="OrderForm",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.CharField(blank=True, max_length=35)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("sent", "Sent to the client"),
                            ("accepted", "Accepted"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(default=0)),
                ("content", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("starts_on", models.DateField(null=True)),
                ("term_months", models.PositiveSmallIntegerField(null=True)),
                ("poi", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("changed_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("sent_at", models.DateTimeField(null=True)),
                ("signed_at", models.DateTimeField(null=True)),
                ("cancelled_at", models.DateTimeField(null=True)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "contracts_order_form",
            },
        ),
        migrations.CreateModel(
            name="OnboardingStep",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("audit", "Audit of needs"),
                            ("set_up", "Set-up of the accounts"),
                            ("import", "Import of the contact files"),
                            ("training", "Training of the administrators"),
                        ],
                        max_length=10,
                    ),
                ),
                ("place", models.PositiveSmallIntegerField()),
                ("done_on", models.DateField(null=True)),
                ("done_by", models.CharField(blank=True, max_length=80)),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "contracts_onboarding",
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("nonrenewal", "Non-renewal"),
                            ("formal_notice", "Formal notice"),
                            ("second_notice", "Second formal notice"),
                            ("maintenance", "Maintenance"),
                            ("terms", "Change of the terms"),
                            ("terms_refused", "Refusal of changed terms"),
                            ("termination", "Termination"),
                            ("other", "Other"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("registered", "Registered letter"),
                            ("e_registered", "Qualified registered e-mail"),
                            ("mailbox", "E-mail to the termination mailbox"),
                            ("screen", "On screen"),
                        ],
                        max_length=12,
                    ),
                ),
                ("from_client", models.BooleanField(default=False)),
                ("about", models.CharField(blank=True, max_length=40)),
                ("text", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("sha256", models.CharField(max_length=64)),
                ("sent_at", models.DateTimeField()),
                ("sent_proof", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "proof_kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("acknowledgement", "Acknowledged by the recipient"),
                            ("qualified", "Qualified registered e-mail"),
                            ("registered", "Receipt of a registered letter"),
                            ("hand", "Handed over against a signature"),
                        ],
                        max_length=16,
                    ),
                ),
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
                    "order_form",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="contracts.orderform",
                    ),
                ),
            ],
            options={
                "db_table": "contracts_notice",
            },
        ),
        migrations.CreateModel(
            name="Acceptance",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "document",
                    models.CharField(
                        choices=[
                            ("order_form", "Order form"),
                            ("cgvu", "General terms"),
                            ("dpa", "Data processing agreement"),
                            ("af2m", "AF2M good practice guides"),
                        ],
                        max_length=10,
                    ),
                ),
                ("version", models.CharField(max_length=40)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("screen", "On screen"),
                            ("first_access", "At the first access"),
                            ("paper", "Signed on paper, recorded by staff"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=80)),
                ("signer", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("proof", sofy.kit.fields.SealedTextField(blank=True, default=b"", under="entity_id")),
                ("proof_sha256", models.CharField(blank=True, max_length=64)),
                ("recorded_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "entity",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contracts.legalentity",
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acceptances",
                        to="contracts.orderform",
                    ),
                ),
            ],
            options={
                "db_table": "contracts_acceptance",
            },
        ),
        migrations.CreateModel(
            name="OrderFormVersion",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("content", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("sha256", models.CharField(max_length=64)),
                ("sent_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("sent_by", models.CharField(max_length=80)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "contracts_order_form_version",
            },
        ),
        migrations.CreateModel(
            name="QuotaDrift",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("licensed", models.PositiveIntegerField()),
                ("active", models.PositiveIntegerField()),
                ("since", models.DateTimeField()),
                ("noticed_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "contracts_quota_drift",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("client_id",), name="contracts_one_open_drift"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Series",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=4)),
                ("year", models.PositiveSmallIntegerField()),
                ("last", models.PositiveIntegerField(default=0)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
            ],
            options={
                "db_table": "contracts_series",
            },
        ),
        migrations.CreateModel(
            name="TransferConsent",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("to", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("consented_on", models.DateField()),
                ("proof", sofy.kit.fields.SealedTextField(under="entity_id")),
                ("actor", models.CharField(max_length=80)),
                ("recorded_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.legalentity"
                    ),
                ),
                (
                    "order_form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="contracts.orderform"
                    ),
                ),
            ],
            options={
                "db_table": "contracts_transfer_consent",
            },
        ),
        migrations.AddConstraint(
            model_name="orderform",
            constraint=models.UniqueConstraint(fields=("client_id", "id"), name="order_form_id_per_client"),
        ),
        migrations.AddConstraint(
            model_name="orderform",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number", ""), _negated=True),
                fields=("entity", "number"),
                name="order_form_number_per_entity",
            ),
        ),
        migrations.AddConstraint(
            model_name="onboardingstep",
            constraint=models.UniqueConstraint(fields=("order_form", "step"), name="onboarding_step_once"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("client_id", "id"), name="contracts_notice_id_per_client"),
        ),
        migrations.AddConstraint(
            model_name="acceptance",
            constraint=models.UniqueConstraint(
                fields=("client_id", "document", "version", "sha256"), name="contracts_accepted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderformversion",
            constraint=models.UniqueConstraint(fields=("order_form", "version"), name="order_form_version_once"),
        ),
        migrations.AddConstraint(
            model_name="series",
            constraint=models.UniqueConstraint(fields=("entity", "kind", "year"), name="contracts_one_series_per_year"),
        ),
        migrations.RunSQL(documents(), migrations.RunSQL.noop),
        migrations.RunSQL(protect(), migrations.RunSQL.noop),
    ]
