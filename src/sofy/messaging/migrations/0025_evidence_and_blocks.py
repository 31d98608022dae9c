"""When a lost message left after all; ranges that staff closes by hand."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0024_capability")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0024_evidence_and_blocks.sql").read_text(), migrations.RunSQL.noop)
    ]
