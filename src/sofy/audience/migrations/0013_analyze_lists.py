"""Statistics after an import know the lists of people who may not be written to, as they know the people."""

from typing import ClassVar

from django.db import migrations

_FUNCTION = """
CREATE OR REPLACE FUNCTION audience_analyze() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$ BEGIN
    ANALYZE audience_contact;
    ANALYZE audience_identity;
    ANALYZE audience_membership;
    ANALYZE audience_name_token;
    ANALYZE audience_contact_attribute;
    ANALYZE audience_consent_event;
    ANALYZE audience_consent_state;
{lists}END $$;
"""
WITH_LISTS = _FUNCTION.format(lists="    ANALYZE audience_suppression;\n    ANALYZE audience_stopped;\n")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0012_clients")]

    operations: ClassVar = [migrations.RunSQL(WITH_LISTS, _FUNCTION.format(lists=""))]
