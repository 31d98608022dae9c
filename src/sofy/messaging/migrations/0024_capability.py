"""Which phones show RCS: what suppliers said, shared by all engines."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0023_opens")]
    operations: ClassVar = [migrations.RunSQL((SCHEMA / "0023_capability.sql").read_text(), migrations.RunSQL.noop)]
