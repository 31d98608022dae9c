"""Receipts nobody can place yet keep what they call for."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0026_news")]
    operations: ClassVar = [migrations.RunSQL((SCHEMA / "0026_parked_action.sql").read_text(), migrations.RunSQL.noop)]
