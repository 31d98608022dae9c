"""When a lost message left after all; ranges that staff closes by hand."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0020_email_design")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0020_evidence_and_blocks.sql").read_text(), migrations.RunSQL.noop)
    ]
