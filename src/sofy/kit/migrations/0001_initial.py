"""Outbox and audit chain."""

from typing import ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
from sofy.kit.rls import EnableClientRLS

# The worker logs in as sofy_web, which sees one client at a time: this function only tells it which clients to visit.
WAITING_CLIENTS = """
CREATE POLICY kit_outbox_owner ON kit_outbox FOR SELECT TO sofy_owner USING (true);
CREATE FUNCTION kit_outbox_waiting_clients(as_of timestamptz) RETURNS TABLE (client_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT o.client_id FROM kit_outbox o WHERE o.done_at IS NULL AND o.due_at <= as_of $$;
REVOKE ALL ON FUNCTION kit_outbox_waiting_clients(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit_outbox_waiting_clients(timestamptz) TO sofy_web, sofy_staff;
"""

RIGHTS = """
GRANT INSERT ON kit_outbox TO sofy_engine;
REVOKE UPDATE, DELETE, TRUNCATE ON kit_audit FROM sofy_web, sofy_staff;
REVOKE DELETE, TRUNCATE ON kit_audit_head FROM sofy_web, sofy_staff;
-- The engine writes only what it knows: due at once, never tried.
ALTER TABLE kit_outbox ALTER COLUMN due_at SET DEFAULT 'epoch';
ALTER TABLE kit_outbox ALTER COLUMN attempts SET DEFAULT 0;
ALTER TABLE kit_outbox ALTER COLUMN payload SET DEFAULT '{}';
"""


class Migration(migrations.Migration):
    """First tables of the house."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="OutboxRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("id", models.UUIDField(default=sofy.kernel.ids.uuid7)),
                ("topic", models.CharField(max_length=60)),
                ("payload", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("done_at", models.DateTimeField(null=True)),
                ("attempts", models.SmallIntegerField(default=0)),
                ("due_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "kit_outbox",
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at", None)), fields=["client_id", "due_at"], name="kit_outbox_waiting"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("client_id", models.UUIDField(primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
            options={"db_table": "kit_audit_head"},
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id", "seq", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("client_id", models.UUIDField()),
                ("seq", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=80)),
                ("action", models.CharField(max_length=80)),
                ("facts", models.JSONField(default=dict)),
                ("previous_hash", models.BinaryField()),
                ("hash", models.BinaryField()),
            ],
            options={"db_table": "kit_audit"},
        ),
        EnableClientRLS("kit_outbox"),
        EnableClientRLS("kit_audit"),
        EnableClientRLS("kit_audit_head"),
        migrations.RunSQL(WAITING_CLIENTS, migrations.RunSQL.noop),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
