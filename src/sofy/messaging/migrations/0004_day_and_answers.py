"""Messages that are wanted on their day only; answers that belong to whoever wrote before; parts of long answers."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file."""

    dependencies: ClassVar = [("messaging", "0003_statistics")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0004_day_and_answers.sql").read_text(), migrations.RunSQL.noop),
    ]
