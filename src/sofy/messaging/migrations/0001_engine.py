"""The engine's tables, from its own schema files: the engine knows no Django, and migrations run here."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """Everything the first engine needs."""

    initial = True
    dependencies: ClassVar = [("kit", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0001_engine.sql").read_text(), migrations.RunSQL.noop),
    ]
