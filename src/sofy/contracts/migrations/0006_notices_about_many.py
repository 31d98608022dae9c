"""A notice may be about many invoices."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("contracts", "0005_licences")]
    operations: ClassVar = [
        migrations.AlterField(model_name="notice", name="about", field=models.CharField(blank=True, max_length=400))
    ]
