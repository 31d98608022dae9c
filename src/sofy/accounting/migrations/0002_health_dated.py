from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounting", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="health",
            name="dated_on",
            field=models.DateField(null=True),
        ),
    ]
