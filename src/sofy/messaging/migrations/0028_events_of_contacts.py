"""The index of events by contact holds those that have one."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0027_parked_action")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0027_events_of_contacts.sql").read_text(), migrations.RunSQL.noop)
    ]
