"""Every channel in the engine."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0010_api")]
    operations: ClassVar = []
