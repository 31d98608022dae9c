"""Every channel in the engine."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema" / "0011_channels.sql"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0010_api")]
    operations: ClassVar = [migrations.RunSQL(SCHEMA.read_text(), migrations.RunSQL.noop)]
