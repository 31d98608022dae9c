"""Templates and the registry of senders."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """See the schema file for the reason."""

    dependencies: ClassVar = [("messaging", "0015_fraud")]
    operations: ClassVar = []
