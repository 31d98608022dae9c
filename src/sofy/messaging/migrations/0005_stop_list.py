"""Files of numbers nobody may write to, and the engine's list of them."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations, models

import sofy.engine
import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"

# It belongs to the platform, not to a client: the login that serves clients has no right to it at all.
STAFF_ONLY = """
ALTER TABLE messaging_stopfile ENABLE ROW LEVEL SECURITY;
ALTER TABLE messaging_stopfile FORCE ROW LEVEL SECURITY;
REVOKE ALL ON messaging_stopfile FROM sofy_web;
CREATE POLICY messaging_stopfile_staff ON messaging_stopfile TO sofy_staff
    USING (current_setting('sofy.staff', true) = 'on') WITH CHECK (current_setting('sofy.staff', true) = 'on');
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("messaging", "0004_day_and_answers")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="StopFile",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=60)),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "checking"),
                            ("checked", "checked"),
                            ("adding", "adding"),
                            ("active", "active"),
                            ("withdrawing", "withdrawing"),
                            ("withdrawn", "withdrawn"),
                            ("failed", "failed"),
                        ],
                        default="checking",
                        max_length=12,
                    ),
                ),
                ("digest", sofy.kit.fields.IndexField(editable=False)),
                ("file_format", models.CharField(max_length=4)),
                ("encoding", models.CharField(blank=True, max_length=20)),
                ("delimiter", models.CharField(blank=True, max_length=1)),
                ("mapping", models.JSONField(default=dict)),
                ("rows", models.IntegerField(default=0)),
                ("done", models.IntegerField(default=0)),
                ("numbers", models.IntegerField(default=0)),
                ("added", models.IntegerField(default=0)),
                ("known", models.IntegerField(default=0)),
                ("refused", models.IntegerField(default=0)),
                ("problems", models.JSONField(default=dict)),
                ("remarks", models.JSONField(default=list)),
                ("error", models.CharField(blank=True, max_length=40)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("created_by", models.CharField(max_length=80)),
                ("changed_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("changed_by", models.CharField(blank=True, max_length=80)),
                ("withdrawn_for", models.CharField(blank=True, max_length=200)),
            ],
            options={"ordering": ["-created_at"]},
        ),
        migrations.RunSQL(STAFF_ONLY, migrations.RunSQL.noop),
        migrations.RunSQL((SCHEMA / "0005_stop_list.sql").read_text(), migrations.RunSQL.noop),
    ]
