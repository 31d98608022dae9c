"""Permissions whose proof is past its time leave the gate."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file."""

    dependencies: ClassVar = [("messaging", "0005_stop_list")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0006_forget_consent.sql").read_text(), migrations.RunSQL.noop),
    ]
