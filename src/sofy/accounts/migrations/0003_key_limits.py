"""From where and how often a key may be used; when it was used last is in the engine's row of it, copied before."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("accounts", "0002_left_at"), ("messaging", "0010_api")]

    operations: ClassVar = [
        migrations.AddField("apikey", "networks", models.JSONField(default=list)),
        migrations.AddField("apikey", "per_10s", models.IntegerField(null=True)),
        migrations.RemoveField("apikey", "last_used_at"),
    ]
