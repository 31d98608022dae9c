"""Every channel in the engine."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema" / "0011_channels.sql"


#: Points of sale that were there before. The owner sees all rows, and writes all, for as long.
TOLD = """
alter table gate_establishment no force row level security;
alter table clients_establishment no force row level security;
insert into gate_establishment (client_id, id, code) select client_id, id, code from clients_establishment;
alter table clients_establishment force row level security;
alter table gate_establishment force row level security;
"""


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0010_api")]
    operations: ClassVar = [
        migrations.RunSQL(SCHEMA.read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(TOLD, migrations.RunSQL.noop),
    ]
