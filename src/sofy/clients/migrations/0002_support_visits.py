from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.rls
from sofy.kit.rls import CURRENT_USER_SQL, EnableClientRLS

OWN = f"user_id = ({CURRENT_USER_SQL})::uuid"
MEMBER = f"id IN (SELECT client_id FROM clients_membership WHERE {OWN})"  # noqa: S608
# The end of a visit is judged by the product's clock at each request; an open row only lets the client's line be found.
VISITOR = f"id IN (SELECT client_id FROM clients_supportvisit WHERE {OWN} AND ended_at IS NULL)"  # noqa: S608
POLICY = "CREATE POLICY clients_client_also ON clients_client FOR SELECT TO sofy_web USING ({})"


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("clients", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SupportVisit",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("reason", models.CharField(max_length=200)),
                ("started_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "clients_supportvisit",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["user", "client_id"],
                        name="clients_support_open",
                    )
                ],
            },
        ),
        EnableClientRLS("clients_supportvisit", also_readable=OWN),
        # A page of a client, whatever goes wrong in it, opens its own door to nobody.
        migrations.RunSQL(
            "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON clients_supportvisit FROM sofy_web",
            "GRANT INSERT, UPDATE, DELETE ON clients_supportvisit TO sofy_web",
        ),
        migrations.RunSQL(
            ["DROP POLICY clients_client_also ON clients_client", POLICY.format(f"{MEMBER} OR {VISITOR}")],
            ["DROP POLICY clients_client_also ON clients_client", POLICY.format(MEMBER)],
        ),
    ]
