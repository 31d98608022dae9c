"""Own fields that are one of a list."""

from typing import ClassVar

from django.db import migrations, models

KINDS = [
    ("text", "text"),
    ("number", "number"),
    ("date", "date"),
    ("bool", "yes or no"),
    ("choice", "one of a list"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0009_stopped")]

    operations: ClassVar = [
        migrations.AddField("attribute", "choices", models.JSONField(default=list)),
        migrations.AlterField("attribute", "kind", models.CharField(choices=KINDS, default="text", max_length=8)),
        migrations.AlterField("contactattribute", "kind", models.CharField(choices=KINDS, max_length=8)),
    ]
