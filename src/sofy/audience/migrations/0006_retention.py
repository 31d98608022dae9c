from typing import ClassVar

from django.db import migrations

# Retention looks at every client: this function tells it who has a contact book, nothing else.
CLIENTS_WITH_BOOKS = """
CREATE POLICY audience_book_retention ON audience_book FOR SELECT TO sofy_owner USING (true);
CREATE FUNCTION audience_clients_with_books()
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT client_id FROM audience_book
$$;
REVOKE ALL ON FUNCTION audience_clients_with_books() FROM public;
GRANT EXECUTE ON FUNCTION audience_clients_with_books() TO sofy_web;
"""
REVERSE = "DROP FUNCTION audience_clients_with_books(); DROP POLICY audience_book_retention ON audience_book;"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0005_event_kind")]

    operations: ClassVar = [migrations.RunSQL(CLIENTS_WITH_BOOKS, REVERSE)]
