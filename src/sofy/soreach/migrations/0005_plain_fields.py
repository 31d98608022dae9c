"""What the fields of contacts bring to a text can be written in plain letters."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("soreach", "0004_in_time")]
    operations: ClassVar = [
        migrations.AddField("campaign", "plain_fields", models.BooleanField(default=False)),
    ]
