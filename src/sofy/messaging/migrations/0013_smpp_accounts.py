"""SMPP accounts of clients."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0012_notices")]
    operations: ClassVar = []
