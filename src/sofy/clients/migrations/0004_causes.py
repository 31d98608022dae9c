"""One table of causes: the codes of clients are those of the contract."""

from typing import ClassVar

from django.db import migrations, models

#: Before -> now.
CODES = {"emergency": "fraud", "unpaid": "default", "ours": "operator_fault"}


class Migration(migrations.Migration):
    dependencies: ClassVar = [("clients", "0003_suspension_cause")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="client",
            name="suspension_cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("default", "Unpaid invoice, after notice (art. 7.2)"),
                    ("fraud", "Fraud (art. 7.2)"),
                    ("security", "Risk for the platform (art. 11)"),
                    ("missing_stop", "STOP mention missing (art. 14.1)"),
                    ("af2m", "AF2M rules broken (art. 13)"),
                    ("operator_fault", "Our own fault (art. 11)"),
                    ("court_order", "Court order (art. 12)"),
                ],
                default="",
                max_length=16,
            ),
        ),
        # The owner changes rows of all clients: its own tables are closed to it as to everybody.
        migrations.RunSQL(
            [
                "ALTER TABLE clients_client NO FORCE ROW LEVEL SECURITY",
                *(
                    ("UPDATE clients_client SET suspension_cause = %s WHERE suspension_cause = %s", [new, old])
                    for old, new in CODES.items()
                ),
                "ALTER TABLE clients_client FORCE ROW LEVEL SECURITY",
            ],
            migrations.RunSQL.noop,
        ),
    ]
