"""What fraud and the misuse of the alert lane are judged by."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0014_prices")]
    operations: ClassVar = [migrations.RunSQL((SCHEMA / "0015_fraud.sql").read_text(), migrations.RunSQL.noop)]
