-- Contacts by the thousand, from the list's own actions.

-- name: list_items
-- Who a bulk edit is about; a second run of the listing changes nothing.
INSERT INTO audience_bulk_item (client_id, bulk_id, contact_id, outcome)
SELECT %(client)s, %(bulk)s, n.id, 0
  FROM unnest(%(ids)s) AS n (id)
ON CONFLICT DO NOTHING

-- name: restore_identities
-- What removed contacts lost when they were removed, unless somebody else holds it now.
UPDATE audience_identity i
   SET deleted_at = NULL
  FROM (
    SELECT DISTINCT ON (l.kind, l.index) l.id
      FROM audience_identity l
      JOIN audience_contact c ON c.client_id = l.client_id AND c.id = l.contact_id
     WHERE l.client_id = %(client)s
       AND l.contact_id = ANY (%(ids)s)
       AND l.deleted_at = c.deleted_at
       AND NOT EXISTS (
        SELECT FROM audience_identity h
         WHERE h.client_id = l.client_id AND h.kind = l.kind AND h.index = l.index AND h.deleted_at IS NULL
       )
     ORDER BY l.kind, l.index, l.id
  ) lost
 WHERE i.client_id = %(client)s AND i.id = lost.id
