"""A purpose of its own for openings of e-mails that are told apart."""

from typing import ClassVar

from django.db import migrations, models

_CHOICES = [("marketing", "marketing"), ("alert", "alert"), ("opens", "openings told apart")]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0014_event_kind")]

    operations: ClassVar = [
        migrations.AlterField(model, "purpose", models.CharField(choices=_CHOICES, max_length=9))
        for model in ("consentevent", "consentstate")
    ]
