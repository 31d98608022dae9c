"""Ten thousand rows are sorted sooner than an index of them is kept."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounting", "0002_health_dated"),
    ]

    operations: ClassVar = [
        migrations.RemoveIndex(
            model_name="health",
            name="accounting_worst_first",
        ),
    ]
