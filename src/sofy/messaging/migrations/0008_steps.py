"""Two steps of a message in one event, and one index less for each."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0007_room_on_the_page")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0008_steps.sql").read_text(), migrations.RunSQL.noop),
    ]
