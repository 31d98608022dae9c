"""Changes of the product are announced to every client, and stay as they were announced."""

from typing import Any, ClassVar

from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
from sofy.kit.rls import STAFF_SQL

TABLE = "contracts_product_change"
PROTECT: list[Any] = [
    f"REVOKE ALL ON {TABLE} FROM sofy_web, sofy_staff",
    f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
    f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY {TABLE}_staff ON {TABLE} TO sofy_staff USING ({STAFF_SQL}) WITH CHECK ({STAFF_SQL})",
    f"CREATE POLICY {TABLE}_read ON {TABLE} FOR SELECT TO sofy_web USING (true)",
    f"GRANT SELECT ON {TABLE} TO sofy_web",
    f"GRANT SELECT, INSERT ON {TABLE} TO sofy_staff",
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("contracts", "0003_proofs_of_delivery"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ProductChange",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("update", "Update, included"),
                            ("removal", "Function that goes away"),
                            ("module", "New optional module"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "product",
                    models.CharField(
                        choices=[
                            ("soview", "SoView"),
                            ("soconnect", "SoConnect"),
                            ("soreach", "SoReach"),
                            ("messaging", "Messaging"),
                        ],
                        max_length=10,
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("text", models.TextField()),
                ("equivalence", models.TextField(blank=True)),
                ("price_eur", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ("effective_on", models.DateField()),
                ("announced_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("actor", models.CharField(max_length=80)),
            ],
            options={
                "db_table": "contracts_product_change",
            },
        ),
        migrations.RunSQL(PROTECT, migrations.RunSQL.noop),
    ]
