"""Proofs of delivery are called as the rules call them."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("contracts", "0002_client_notices"),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="notice",
            name="proof_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("acknowledgement", "Acknowledged by the recipient"),
                    ("qualified_registered", "Qualified registered e-mail"),
                    ("registered_letter", "Receipt of a registered letter"),
                ],
                max_length=24,
            ),
        ),
    ]
