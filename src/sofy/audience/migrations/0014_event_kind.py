"""Who was written to lately is read off the index too, also where one event tells of two steps."""

from typing import ClassVar

from django.db import migrations

_INDEX = "CREATE INDEX engine_event_kind ON engine_event (client_id, kind, at) INCLUDE (contact_id, campaign_id{more})"
_AGAIN = f"DROP INDEX engine_event_kind; {_INDEX}"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0013_analyze_lists"), ("messaging", "0008_steps")]

    operations: ClassVar = [migrations.RunSQL(_AGAIN.format(more=", submitted_at"), _AGAIN.format(more=""))]
