"""What messages cost, by which of several routes they leave, and how routes do."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0013_smpp_accounts")]
    operations: ClassVar = [migrations.RunSQL((SCHEMA / "0014_prices.sql").read_text(), migrations.RunSQL.noop)]
