"""How many points of sale each line of an order form licenses, after increases and decreases."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("contracts", "0004_product_changes")]
    operations: ClassVar = [
        migrations.AddField(model_name="orderform", name="licences", field=models.JSONField(default=dict))
    ]
