"""Templates and the registry of senders."""

from pathlib import Path
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import sofy.engine
import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls
from sofy.kit.rls import EnableClientRLS

#: What operators forbid is the platform's: staff writes it, a client is told of the name it asks for.
WALLS = """
alter table messaging_reserved_name enable row level security;
alter table messaging_reserved_name force row level security;
revoke all on messaging_reserved_name from sofy_web;
grant select on messaging_reserved_name to sofy_web;
create policy messaging_reserved_name_read on messaging_reserved_name for select to sofy_web using (true);
create policy messaging_reserved_name_staff on messaging_reserved_name to sofy_staff
    using (current_setting('sofy.staff', true) = 'on') with check (current_setting('sofy.staff', true) = 'on');
"""
SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0015_fraud")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="LogFile",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("asked", sofy.kit.fields.SealedTextField()),
                ("language", models.CharField(max_length=5)),
                ("actor", models.CharField(max_length=80)),
                ("rows", models.IntegerField(default=0)),
                ("asked_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("ready_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "messaging_log_file",
            },
        ),
        migrations.CreateModel(
            name="ReservedName",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=40)),
                ("likeness", models.CharField(max_length=40, unique=True)),
                ("rule", models.CharField(choices=[("forbidden", "forbidden"), ("letter", "letter")], max_length=10)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("created_by", models.CharField(max_length=80)),
            ],
            options={
                "db_table": "messaging_reserved_name",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="SenderProof",
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
                            ("letter", "letter"),
                            ("trademark", "trademark"),
                            ("company", "company"),
                            ("other", "other"),
                        ],
                        max_length=10,
                    ),
                ),
                ("media_type", models.CharField(max_length=40)),
                ("size", models.IntegerField()),
                ("content", sofy.kit.fields.SealedTextField()),
                ("expires_on", models.DateField(null=True)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("created_by", models.CharField(max_length=80)),
            ],
            options={
                "db_table": "messaging_sender_proof",
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("code", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=80)),
                ("purpose", models.CharField(max_length=10)),
                ("version", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("created_by", models.CharField(max_length=80)),
                ("changed_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("archived_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.IntegerField()),
                ("contents", sofy.kit.fields.SealedTextField()),
                ("samples", sofy.kit.fields.SealedTextField()),
                ("restored_from", models.IntegerField(null=True)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("created_by", models.CharField(max_length=80)),
            ],
            options={
                "db_table": "messaging_template_version",
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="WhatsappTemplate",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=512)),
                ("language", models.CharField(default="fr", max_length=10)),
                ("category", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("submitting", "submitting"),
                            ("pending", "pending"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("paused", "paused"),
                            ("disabled", "disabled"),
                        ],
                        default="submitting",
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("quality", models.CharField(blank=True, max_length=20)),
                ("supplier_id", models.CharField(blank=True, max_length=80)),
                ("version", models.IntegerField()),
                ("submitted_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("changed_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "messaging_whatsapp_template",
            },
        ),
        migrations.AlterModelOptions(
            name="sender",
            options={"ordering": ["channel", "name"]},
        ),
        migrations.RemoveConstraint(
            model_name="sender",
            name="messaging_sender_once",
        ),
        migrations.AddField(
            model_name="sender",
            name="channel",
            field=models.CharField(default="sms", max_length=10),
        ),
        migrations.AddField(
            model_name="sender",
            name="decided_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="sender",
            name="decided_by",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="sender",
            name="reason",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="sender",
            name="state",
            field=models.CharField(
                choices=[
                    ("requested", "requested"),
                    ("approved", "approved"),
                    ("refused", "refused"),
                    ("withdrawn", "withdrawn"),
                ],
                default="approved",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="sender",
            name="name",
            field=models.CharField(max_length=254),
        ),
        migrations.AddConstraint(
            model_name="sender",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)),
                fields=("client_id", "channel", "name"),
                name="messaging_sender_once",
            ),
        ),
        migrations.AddField(
            model_name="senderproof",
            name="sender",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="proofs", to="messaging.sender"
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(fields=("client_id", "code"), name="messaging_template_code"),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(fields=("client_id", "id"), name="messaging_template_id_per_client"),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="messaging.template"
            ),
        ),
        migrations.AddField(
            model_name="whatsapptemplate",
            name="template",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="whatsapp", to="messaging.template"
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.UniqueConstraint(
                fields=("client_id", "template", "number"), name="messaging_template_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="whatsapptemplate",
            constraint=models.UniqueConstraint(
                fields=("client_id", "name", "language"), name="messaging_whatsapp_template_name"
            ),
        ),
        EnableClientRLS("messaging_log_file"),
        EnableClientRLS("messaging_sender_proof"),
        EnableClientRLS("messaging_template"),
        EnableClientRLS("messaging_template_version"),
        EnableClientRLS("messaging_whatsapp_template"),
        migrations.RunSQL((SCHEMA / "0016_templates.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(WALLS, migrations.RunSQL.noop),
    ]
