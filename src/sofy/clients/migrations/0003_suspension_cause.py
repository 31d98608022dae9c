"""Why and since when a client is suspended: what its invoices depend on."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("clients", "0002_support_visits")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="client",
            name="suspended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="client",
            name="suspension_cause",
            field=models.CharField(
                blank=True,
                choices=[
                    (
                        "emergency",
                        "Emergency or fraud: at once, without notice, invoiced without credit (art. 7.2, 11)",
                    ),
                    ("unpaid", "Unpaid invoice, after notice (art. 7.2)"),
                    ("ours", "Through our own fault: nothing is invoiced (art. 11)"),
                ],
                default="",
                max_length=10,
            ),
        ),
    ]
