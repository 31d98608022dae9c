"""The index that behaviour conditions read: who clicked in the last 30 days, without touching the events themselves.

The table is the engine's, created by the first migration of messaging; the index serves this room only. Its entries are
added at the right edge of each kind, so it costs the engine little.
"""

from typing import ClassVar

from django.db import migrations

INDEX = """
CREATE INDEX engine_event_kind ON engine_event (client_id, kind, at) INCLUDE (contact_id, campaign_id)
"""


class Migration(migrations.Migration):
    """One covering index."""

    dependencies: ClassVar = [("audience", "0004_merge"), ("messaging", "0001_engine")]

    operations: ClassVar = [migrations.RunSQL(INDEX, "DROP INDEX engine_event_kind")]
