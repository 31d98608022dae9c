"""What clients' programs are told."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0011_channels")]
    operations: ClassVar = []
