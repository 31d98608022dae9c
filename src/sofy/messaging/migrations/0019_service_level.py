"""How many messages reached the gateways in time."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0018_aliases")]
    operations: ClassVar = [migrations.RunSQL((SCHEMA / "0019_service_level.sql").read_text(), migrations.RunSQL.noop)]
