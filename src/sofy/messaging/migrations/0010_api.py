"""What the API reads and answers."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

import sofy.engine

SCHEMA = Path(sofy.engine.__file__).parent / "sql" / "schema"
#: Keys that were made and names that were registered before. The owner sees all rows, and writes all, for as long.
TOLD = """
alter table gate_api_key no force row level security;
alter table gate_sender no force row level security;
alter table accounts_api_key no force row level security;
alter table messaging_sender no force row level security;
insert into gate_api_key (client_id, id, digest, scopes, revoked_at, last_used_at)
select client_id, id, digest, array(select jsonb_array_elements_text(scopes)), revoked_at, last_used_at
  from accounts_api_key;
insert into gate_sender (client_id, name) select client_id, name from messaging_sender where withdrawn_at is null;
alter table messaging_sender force row level security;
alter table accounts_api_key force row level security;
alter table gate_sender force row level security;
alter table gate_api_key force row level security;
"""


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0009_claims"), ("accounts", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL((SCHEMA / "0010_api.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(TOLD, migrations.RunSQL.noop),
    ]
