"""What clients' programs are told."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0011_channels")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0012_notices.sql").read_text(), migrations.RunSQL.noop),
    ]
