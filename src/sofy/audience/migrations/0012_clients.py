from typing import ClassVar

from django.db import migrations

# What goes round all clients is told who has contacts or contact books, nothing else; contacts written by hand may be
# in no book. The recursion steps from client to client on the index, however many contacts each one has.
CLIENTS = """
CREATE POLICY audience_contact_read ON audience_contact FOR SELECT TO sofy_owner USING (true);
CREATE FUNCTION audience_clients()
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH RECURSIVE with_contacts AS (
        (SELECT client_id FROM audience_contact ORDER BY client_id LIMIT 1)
        UNION ALL
        SELECT (SELECT c.client_id FROM audience_contact c WHERE c.client_id > w.client_id
                 ORDER BY c.client_id LIMIT 1)
          FROM with_contacts w WHERE w.client_id IS NOT NULL
    )
    SELECT client_id FROM with_contacts WHERE client_id IS NOT NULL UNION SELECT client_id FROM audience_book
$$;
REVOKE ALL ON FUNCTION audience_clients() FROM public;
GRANT EXECUTE ON FUNCTION audience_clients() TO sofy_web;
DROP FUNCTION audience_clients_with_books();
"""
REVERSE = """
CREATE FUNCTION audience_clients_with_books()
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT client_id FROM audience_book
$$;
REVOKE ALL ON FUNCTION audience_clients_with_books() FROM public;
GRANT EXECUTE ON FUNCTION audience_clients_with_books() TO sofy_web;
DROP FUNCTION audience_clients();
DROP POLICY audience_contact_read ON audience_contact;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audience", "0011_forget_consent")]

    operations: ClassVar = [migrations.RunSQL(CLIENTS, REVERSE)]
