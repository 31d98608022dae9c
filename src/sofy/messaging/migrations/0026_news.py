"""The detector of fraud finds what is new by an index."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0025_evidence_and_blocks")]
    operations: ClassVar = [migrations.RunSQL((SCHEMA / "0025_news.sql").read_text(), migrations.RunSQL.noop)]
