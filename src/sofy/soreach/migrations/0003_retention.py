"""Reports of many people are files that a job writes, and what is past its time goes, for every client."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls
from sofy.kit.rls import EnableClientRLS

# Retention looks at every client: this function tells it who has campaigns, nothing else.
CLIENTS = """
CREATE FUNCTION soreach_clients()
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT client_id FROM soreach_campaign
$$;
REVOKE ALL ON FUNCTION soreach_clients() FROM public;
GRANT EXECUTE ON FUNCTION soreach_clients() TO sofy_web;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("soreach", "0002_settled")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="ReportFile",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=4)),
                ("language", models.CharField(max_length=5)),
                ("actor", models.CharField(max_length=80)),
                ("establishments", models.JSONField(null=True)),
                ("asked_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("ready_at", models.DateTimeField(null=True)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="soreach.campaign"
                    ),
                ),
            ],
            options={"db_table": "soreach_reportfile"},
        ),
        EnableClientRLS("soreach_reportfile"),
        migrations.RunSQL(CLIENTS, "DROP FUNCTION soreach_clients()"),
    ]
