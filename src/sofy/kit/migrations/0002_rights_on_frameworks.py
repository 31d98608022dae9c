"""What only a migration writes: no process that serves people changes it."""

from typing import ClassVar

from django.db import migrations

TABLES = "django_migrations, django_content_type, auth_permission"


class Migration(migrations.Migration):
    """Take away rights that the default privileges of the database gave with the rest."""

    dependencies: ClassVar = [
        ("kit", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations: ClassVar = [
        migrations.RunSQL(
            f"REVOKE INSERT, UPDATE, DELETE ON {TABLES} FROM sofy_web, sofy_staff",
            f"GRANT INSERT, UPDATE, DELETE ON {TABLES} TO sofy_web, sofy_staff",
        ),
    ]
