"""Receipts nobody can place are tried again less and less often."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0020_email_design")]
    operations: ClassVar = [migrations.RunSQL((SCHEMA / "0020_parked.sql").read_text(), migrations.RunSQL.noop)]
