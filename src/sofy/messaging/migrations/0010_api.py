"""What the API reads and answers."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0009_claims"), ("accounts", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0010_api.sql").read_text(), migrations.RunSQL.noop),
    ]
