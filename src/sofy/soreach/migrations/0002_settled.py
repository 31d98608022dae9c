"""Campaigns whose ledger can no longer move keep their count, so that a list of old ones reads no ledger."""

from typing import ClassVar

from django.db import migrations, models

# The worker looks every other second: it walks a small index of the campaigns that something can still happen to.
CLIENTS_WITH_WORK = """
CREATE OR REPLACE FUNCTION soreach_clients_with_work(at timestamptz)
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT client_id FROM soreach_campaign
     WHERE settled IS NULL
       AND (status IN ('expanding', 'running', 'paused')
            OR (status = 'scheduled' AND starts_at <= at + interval '12 hours')
            OR finished_at <= at - interval '9 days')
$$
"""


class Migration(migrations.Migration):
    """One column, one index, and the function that finds work."""

    dependencies: ClassVar = [("soreach", "0001_initial")]
    operations: ClassVar = [
        migrations.AddField("campaign", "settled", models.JSONField(null=True)),
        migrations.AddIndex(
            "campaign",
            models.Index(
                fields=["client_id", "status"],
                name="soreach_campaign_unsettled",
                condition=models.Q(settled__isnull=True),
            ),
        ),
        migrations.RunSQL(CLIENTS_WITH_WORK, migrations.RunSQL.noop),
    ]
