"""Room for the last rows of each page of the ledger."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0006_forget_consent")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0007_room_on_the_page.sql").read_text(), migrations.RunSQL.noop),
    ]
