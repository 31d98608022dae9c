"""Since when somebody has no place any more: a year later the account is emptied."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("accounts", "0001_initial")]

    operations: ClassVar = [migrations.AddField("user", "left_at", models.DateTimeField(null=True))]
