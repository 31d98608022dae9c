"""Campaigns begin at a moment that can be read; their clock looks a little further ahead."""

import datetime
from typing import ClassVar

from django.db import migrations, models

# What was scheduled for a day nobody can mean is a draft again: its author chooses another one.
IN_TIME = """
UPDATE soreach_campaign
   SET starts_at = NULL, status = CASE WHEN status = 'scheduled' THEN 'draft' ELSE status END
 WHERE starts_at < '2020-01-01T00:00Z' OR starts_at >= '2200-01-01T00:00Z'
"""
# The first zone of all is thirteen hours ahead of Paris; see rules.Schedule.prepare_at.
CLIENTS_WITH_WORK = """
CREATE OR REPLACE FUNCTION soreach_clients_with_work(at timestamptz)
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT client_id FROM soreach_campaign
     WHERE settled IS NULL
       AND (status IN ('expanding', 'running', 'paused')
            OR (status = 'scheduled' AND starts_at <= at + interval '14 hours')
            OR finished_at <= at - interval '9 days')
$$
"""


class Migration(migrations.Migration):
    """One constraint, and the function that finds work."""

    dependencies: ClassVar = [("soreach", "0003_retention")]
    operations: ClassVar = [
        migrations.RunSQL(IN_TIME, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "campaign",
            models.CheckConstraint(
                condition=models.Q(
                    ("starts_at__gte", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)),
                    ("starts_at__lt", datetime.datetime(2200, 1, 1, tzinfo=datetime.UTC)),
                ),
                name="soreach_campaign_starts_in_time",
            ),
        ),
        migrations.RunSQL(CLIENTS_WITH_WORK, migrations.RunSQL.noop),
    ]
