-- name: find_identities
-- Whose are these identities already? One index probe each.
SELECT i.index, i.contact_id
  FROM audience_identity i
 WHERE i.client_id = %(client)s AND i.kind = %(kind)s AND i.index = ANY (%(indexes)s) AND i.deleted_at IS NULL

-- name: insert_contacts
-- New contacts of one batch.
INSERT INTO audience_contact (client_id, id, title, first_name, last_name, birth_date, language, street, postcode, town,
                              town_key, latitude, longitude, establishment_id, zone, sms, email, import_id,
                              created_at, updated_at)
SELECT %(client)s, unnest(%(ids)s), unnest(%(titles)s), unnest(%(firsts)s), unnest(%(lasts)s), unnest(%(births)s),
       unnest(%(languages)s), unnest(%(streets)s), unnest(%(postcodes)s), unnest(%(towns)s), unnest(%(town_keys)s),
       unnest(%(latitudes)s), unnest(%(longitudes)s), unnest(%(establishments)s), unnest(%(zones)s), unnest(%(sms)s),
       unnest(%(emails)s), %(import)s, %(now)s, %(now)s

-- name: insert_identities
-- Identities of new contacts and those an update brings; the lock of the people makes a conflict impossible.
INSERT INTO audience_identity (client_id, id, contact_id, kind, value, index, valid, mobile, position, created_at)
SELECT %(client)s, unnest(%(ids)s), unnest(%(contacts)s), %(kind)s, unnest(%(values)s), unnest(%(indexes)s), true,
       unnest(%(mobiles)s), unnest(%(positions)s), %(now)s

-- name: insert_tokens
-- They come sorted by token, so that the rows of a common name land on the same pages of the index.
INSERT INTO audience_name_token (client_id, token, contact_id)
SELECT %(client)s, unnest(%(tokens)s), unnest(%(contacts)s)

-- name: delete_tokens
-- By their whole key: no second index on the largest table of the room.
DELETE FROM audience_name_token t
 USING unnest(%(tokens)s, %(contacts)s) AS n (token, contact_id)
 WHERE t.client_id = %(client)s AND t.token = n.token AND t.contact_id = n.contact_id

-- name: insert_new_members
-- New contacts are in no book yet.
INSERT INTO audience_membership (client_id, book_id, contact_id, added_at)
SELECT %(client)s, %(book)s, unnest(%(contacts)s), %(now)s

-- name: insert_members
-- Who is in the book already stays as of that day.
INSERT INTO audience_membership (client_id, book_id, contact_id, added_at)
SELECT %(client)s, %(book)s, n.contact_id, %(now)s FROM unnest(%(contacts)s) AS n (contact_id)
ON CONFLICT DO NOTHING
RETURNING contact_id

-- name: insert_rows
-- What each row of the file did, with the sealed image of what it replaced.
INSERT INTO audience_import_row (client_id, import_id, row, action, contact_id, at, before, problems)
SELECT %(client)s, %(import)s, unnest(%(rows)s), unnest(%(actions)s), unnest(%(contacts)s), %(now)s, unnest(%(befores)s),
       unnest(%(problems)s)

-- name: load_contacts
-- Contacts that rows of this batch update, as they are.
SELECT c.id, c.title, c.first_name, c.last_name, c.birth_date, c.language, c.street, c.postcode, c.town, c.town_key,
       c.latitude, c.longitude, c.establishment_id, c.zone, c.updated_at
  FROM audience_contact c
 WHERE c.client_id = %(client)s AND c.id = ANY (%(ids)s)
   FOR NO KEY UPDATE

-- name: update_contacts
-- The changed contacts as they are now; reach follows in its own statement.
UPDATE audience_contact c
   SET title = n.title, first_name = n.first_name, last_name = n.last_name, birth_date = n.birth_date,
       language = n.language, street = n.street, postcode = n.postcode, town = n.town, town_key = n.town_key,
       latitude = n.latitude, longitude = n.longitude, establishment_id = n.establishment_id, zone = n.zone,
       updated_at = n.updated_at
  FROM unnest(%(ids)s, %(titles)s, %(firsts)s, %(lasts)s, %(births)s, %(languages)s, %(streets)s, %(postcodes)s,
              %(towns)s, %(town_keys)s, %(latitudes)s, %(longitudes)s, %(establishments)s, %(zones)s, %(updated)s)
       AS n (id, title, first_name, last_name, birth_date, language, street, postcode, town, town_key, latitude,
             longitude, establishment_id, zone, updated_at)
 WHERE c.client_id = %(client)s AND c.id = n.id

-- name: load_attributes
-- Values of the client's own fields that an update may replace.
SELECT a.contact_id, a.name, a.kind, a.text, a.number::text, a.date, a.bool, a.sealed
  FROM audience_contact_attribute a
 WHERE a.client_id = %(client)s AND a.contact_id = ANY (%(contacts)s)

-- name: write_attributes
-- One typed column per value; the last value wins.
INSERT INTO audience_contact_attribute AS a (client_id, contact_id, name, kind, text, number, date, bool, sealed)
SELECT %(client)s, n.contact_id, n.name, n.kind, n.text, n.number::numeric, n.date, n.bool, n.sealed
  FROM unnest(%(contacts)s, %(names)s, %(kinds)s, %(texts)s, %(numbers)s, %(dates)s, %(bools)s, %(sealeds)s)
       AS n (contact_id, name, kind, text, number, date, bool, sealed)
ON CONFLICT (client_id, contact_id, name) DO UPDATE
   SET kind = excluded.kind, text = excluded.text, number = excluded.number, date = excluded.date, bool = excluded.bool,
       sealed = excluded.sealed

-- name: checkpoint
-- In the transaction of the batch: a killed import goes on from here.
UPDATE audience_import
   SET done = %(done)s, imported = %(imported)s, updated = %(updated)s, rejected = %(rejected)s,
       warnings = %(warnings)s::jsonb
 WHERE client_id = %(client)s AND id = %(import)s

-- name: reachable_of_book
-- Distinct mobiles and addresses of a book with consent and no opposition.
SELECT count(*) FILTER (WHERE s.channel = 'sms' AND i.mobile), count(*) FILTER (WHERE s.channel = 'email'),
       count(*) FILTER (WHERE s.channel = 'whatsapp' AND i.mobile)
  FROM audience_membership m
  JOIN audience_contact c ON c.client_id = %(client)s AND c.id = m.contact_id AND c.deleted_at IS NULL
  JOIN audience_identity i ON i.client_id = %(client)s AND i.contact_id = c.id AND i.deleted_at IS NULL AND i.valid
  JOIN audience_consent_state s ON s.client_id = %(client)s AND s.identity_index = i.index AND s.state = 'granted'
                               AND s.purpose = 'marketing'
                               AND s.channel = ANY(CASE i.kind WHEN 'phone' THEN ARRAY['sms', 'whatsapp']
                                                               WHEN 'email' THEN ARRAY['email'] END)
 WHERE m.client_id = %(client)s AND m.book_id = %(book)s AND (c.sms = 3 OR c.email = 3 OR s.channel = 'whatsapp')

-- name: rows_to_undo
-- From the last row to the first: a contact that several rows touched goes back step by step.
SELECT r.row, r.action, r.contact_id, r.at, r.before
  FROM audience_import_row r
 WHERE r.client_id = %(client)s AND r.import_id = %(import)s AND r.row < %(below)s AND r.contact_id IS NOT NULL
 ORDER BY r.row DESC
 LIMIT %(limit)s

-- name: contacts_as_of
-- Who is still as the import left them? Locked, so that nobody changes them now.
SELECT c.id, c.updated_at
  FROM audience_contact c
 WHERE c.client_id = %(client)s AND c.id = ANY (%(contacts)s) AND c.deleted_at IS NULL
   FOR NO KEY UPDATE

-- name: remove_contacts
-- Taken out of the base; what they said about consent stays in the ledger, their rows until retention removes them.
UPDATE audience_contact c SET deleted_at = %(now)s
 WHERE c.client_id = %(client)s AND c.id = ANY (%(contacts)s) AND c.deleted_at IS NULL

-- name: remove_identities_of
-- With their contact, so that the number can belong to somebody else.
UPDATE audience_identity i SET deleted_at = %(now)s
 WHERE i.client_id = %(client)s AND i.contact_id = ANY (%(contacts)s) AND i.deleted_at IS NULL

-- name: remove_identities
-- Those an update had brought.
UPDATE audience_identity i SET deleted_at = %(now)s
 WHERE i.client_id = %(client)s AND i.id = ANY (%(ids)s) AND i.deleted_at IS NULL

-- name: leave_book
-- Contacts that the import had put into the book.
DELETE FROM audience_membership m
 WHERE m.client_id = %(client)s AND m.book_id = %(book)s AND m.contact_id = ANY (%(contacts)s)

-- name: delete_attributes
-- Values that were not there before.
DELETE FROM audience_contact_attribute a
 USING unnest(%(contacts)s, %(names)s) AS n (contact_id, name)
 WHERE a.client_id = %(client)s AND a.contact_id = n.contact_id AND a.name = n.name

-- name: consents_of_import
-- Consent events of these people: those of the import are taken back unless another source says the same.
SELECT e.identity_index, e.channel, e.purpose, e.contact_id, e.import_id, e.line, e.recorded_at
  FROM audience_consent_event e
 WHERE e.client_id = %(client)s AND e.state = 'granted'
   AND e.identity_index = ANY (SELECT i.index FROM audience_identity i
                                WHERE i.client_id = %(client)s AND i.contact_id = ANY (%(contacts)s))
