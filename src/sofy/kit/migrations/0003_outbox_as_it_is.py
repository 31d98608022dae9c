from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Long payloads are ids and hashes, which do not compress: trying costs a millisecond each."""

    dependencies: ClassVar = [("kit", "0002_rights_on_frameworks")]

    operations: ClassVar = [
        migrations.RunSQL(
            "ALTER TABLE kit_outbox ALTER COLUMN payload SET STORAGE EXTERNAL",
            "ALTER TABLE kit_outbox ALTER COLUMN payload SET STORAGE EXTENDED",
        )
    ]
