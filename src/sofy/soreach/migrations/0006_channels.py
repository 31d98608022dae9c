"""A campaign may take other channels than SMS, one after the other."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("soreach", "0005_plain_fields"), ("messaging", "0011_channels")]
    operations: ClassVar = [
        migrations.AddField("campaign", "ladder", models.JSONField(default=list, blank=True)),
        migrations.AddField("variant", "others", models.JSONField(default=dict, blank=True)),
        # A client sees its own routes and everybody's, and takes its own agent first.
        migrations.RunSQL("GRANT SELECT (client_id) ON engine_route TO sofy_web"),
    ]
