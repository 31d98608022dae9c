"""What WhatsApp said last of a template, and two more places where it may stand."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A template that waited before waits on."""

    dependencies: ClassVar = [("messaging", "0028_events_of_contacts")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="whatsapptemplate",
            name="event",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AlterField(
            model_name="whatsapptemplate",
            name="state",
            field=models.CharField(
                choices=[
                    ("submitting", "submitting"),
                    ("pending", "pending"),
                    ("approved", "approved"),
                    ("rejected", "rejected"),
                    ("paused", "paused"),
                    ("disabled", "disabled"),
                    ("archived", "archived"),
                    ("unsent", "unsent"),
                ],
                default="submitting",
                max_length=12,
            ),
        ),
    ]
