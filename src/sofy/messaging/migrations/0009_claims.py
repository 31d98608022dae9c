"""What engines hold has a table of its own."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0008_steps")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0009_claims.sql").read_text(), migrations.RunSQL.noop),
    ]
