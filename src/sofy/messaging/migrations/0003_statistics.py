"""What the planner is told of the engine's two tables that fill and empty all day."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0002_sender")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0002_statistics.sql").read_text(), migrations.RunSQL.noop),
    ]
