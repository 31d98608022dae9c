"""Incidents and maintenance are written down once for all contracts."""

from typing import ClassVar

from django.db import migrations, models

KINDS = [
    ("legal_rate", "Legal interest rate"),
    ("index", "SYNTEC index"),
    ("vat_rate", "VAT rate"),
    ("tariff", "Tariff"),
    ("reading", "Reading of the terms"),
    ("incident", "Incident"),
    ("maintenance", "Maintenance"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0001_initial")]
    operations: ClassVar = [
        migrations.AlterField(model_name="tablerow", name="kind", field=models.CharField(choices=KINDS, max_length=12))
    ]
