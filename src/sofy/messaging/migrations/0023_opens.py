"""People may agree that their openings of e-mails are told apart."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0021_parked")]
    operations: ClassVar = [migrations.RunSQL((SCHEMA / "0022_opens.sql").read_text(), migrations.RunSQL.noop)]
