"""The policies of the tables an import fills look at the client of the transaction once per statement."""

from typing import ClassVar

from django.db import migrations

from sofy.kit.rls import CURRENT_CLIENT_SQL

# Written plainly, the check of a new row reads the setting and makes a uuid of it, for each of the fifteen million rows
# of a large import; as a sub-select PostgreSQL asks for it once. What the check refuses stays the same.
TABLES = (
    "contact",
    "contact_attribute",
    "consent_event",
    "consent_state",
    "identity",
    "import_row",
    "membership",
    "name_token",
)


def _checks(client: str) -> str:
    return "\n".join(
        f"ALTER POLICY audience_{table}_client ON audience_{table} WITH CHECK (client_id = {client});"
        for table in TABLES
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0006_retention")]

    operations: ClassVar = [migrations.RunSQL(_checks(f"(SELECT {CURRENT_CLIENT_SQL})"), _checks(CURRENT_CLIENT_SQL))]
