"""SMPP accounts of clients."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0012_notices")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0013_smpp_accounts.sql").read_text(), migrations.RunSQL.noop),
    ]
