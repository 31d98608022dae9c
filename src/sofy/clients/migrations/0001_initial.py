"""Clients, establishments, memberships and invitations, each behind its wall."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import sofy.kernel.clock
import sofy.kernel.ids
import sofy.kit.fields
import sofy.kit.rls
from sofy.kit.rls import CURRENT_USER_SQL, EnableClientRLS

OWN = f"user_id = ({CURRENT_USER_SQL})::uuid"


class Migration(migrations.Migration):
    """First tables of the room."""

    initial = True

    dependencies: ClassVar = [
        ("kit", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Client",
            fields=[
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=120, verbose_name="Name")),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("suspended", "Suspended")], default="active", max_length=10
                    ),
                ),
                ("timezone", models.CharField(default="Europe/Paris", max_length=40, verbose_name="Time zone")),
                (
                    "approval_required",
                    models.BooleanField(default=False, verbose_name="A second person approves each campaign"),
                ),
                (
                    "cap_messages",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="Marketing messages per person, at most"
                    ),
                ),
                ("cap_days", models.PositiveSmallIntegerField(default=7, verbose_name="in how many days")),
                ("hours", models.JSONField(blank=True, null=True)),
                (
                    "budget_eur",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=12, null=True, verbose_name="Budget (€ before VAT)"
                    ),
                ),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "clients_client",
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("email", sofy.kit.fields.SealedTextField()),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("marketer", "Marketer"),
                            ("store_manager", "Store manager"),
                            ("developer", "Developer"),
                            ("auditor", "Auditor (reads only)"),
                        ],
                        max_length=20,
                    ),
                ),
                ("establishment_ids", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "clients_invitation",
            },
        ),
        migrations.CreateModel(
            name="Establishment",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=120, verbose_name="Name")),
                ("code", models.CharField(blank=True, max_length=40, verbose_name="Your own code")),
                ("street", sofy.kit.fields.SealedTextField(blank=True, default=b"")),
                ("postcode", models.CharField(blank=True, max_length=10, verbose_name="Postcode")),
                ("town", models.CharField(blank=True, max_length=80, verbose_name="Town")),
                ("insee", models.CharField(blank=True, max_length=5, verbose_name="INSEE code of the town")),
                ("latitude", models.FloatField(blank=True, null=True, verbose_name="Latitude")),
                ("longitude", models.FloatField(blank=True, null=True, verbose_name="Longitude")),
                ("timezone", models.CharField(default="Europe/Paris", max_length=40, verbose_name="Time zone")),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
            ],
            options={
                "db_table": "clients_establishment",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("client_id", "id"), name="establishment_id_per_client"),
                    models.UniqueConstraint(
                        condition=models.Q(("code", ""), _negated=True),
                        fields=("client_id", "code"),
                        name="establishment_code_per_client",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("marketer", "Marketer"),
                            ("store_manager", "Store manager"),
                            ("developer", "Developer"),
                            ("auditor", "Auditor (reads only)"),
                        ],
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(default=sofy.kernel.clock.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "clients_membership",
            },
        ),
        migrations.CreateModel(
            name="MembershipEstablishment",
            fields=[
                ("client_id", models.UUIDField(default=sofy.kit.rls.current_client, editable=False)),
                (
                    "id",
                    models.UUIDField(default=sofy.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "establishment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="managers", to="clients.establishment"
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="places", to="clients.membership"
                    ),
                ),
            ],
            options={
                "db_table": "clients_membership_establishment",
            },
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("client_id", "id"), name="membership_id_per_client"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("client_id", "user"), name="one_membership_per_client"),
        ),
        migrations.AddConstraint(
            model_name="membershipestablishment",
            constraint=models.UniqueConstraint(fields=("membership", "establishment"), name="one_place_per_membership"),
        ),
        # A person's own memberships, and through them their clients, are read before a client is chosen. The policy
        # looks at a setting of the transaction rather than at a SECURITY DEFINER function: a function would answer
        # for any person it is asked about, the setting opens the rows of the person the request authenticated.
        EnableClientRLS("clients_membership", also_readable=OWN),
        EnableClientRLS(
            "clients_client",
            column="id",
            also_readable=f"id IN (SELECT client_id FROM clients_membership WHERE {OWN})",  # noqa: S608
        ),
        EnableClientRLS("clients_establishment"),
        EnableClientRLS("clients_membership_establishment"),
        EnableClientRLS("clients_invitation"),
    ]
