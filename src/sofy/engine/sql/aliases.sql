-- name: names
-- A piece of the statements that ask what people wrote: under which names a client knows each of them.
SELECT recipient, recipient AS name FROM unnest(%(recipients)s::bytea[]) AS recipient
 UNION ALL
SELECT identity_index, recipient_index FROM engine_alias
 WHERE client_id = %(client)s AND identity_index = ANY (ARRAY(SELECT unnest(%(recipients)s::bytea[])))
 UNION ALL
SELECT recipient_index, identity_index FROM engine_alias
 WHERE client_id = %(client)s AND recipient_index = ANY (ARRAY(SELECT unnest(%(recipients)s::bytea[])))

-- name: writers_at
-- Which clients wrote to these numbers from a short code, an agent or a number of the channel.
SELECT number_index, client_id, recipient_index, before_client_id, before_recipient_index FROM mo_lookup
 WHERE short_code = %(short_code)s AND number_index = ANY (ARRAY(SELECT unnest(%(numbers)s::bytea[])))

-- name: note_aliases
-- Two names of one person, to one client. Whoever said no under one of them before the other was known has said it under
-- both; a consent given since then stands.
WITH told AS (
    INSERT INTO engine_alias AS a (client_id, identity_index, recipient_index, person_index, number_index, at)
    SELECT %(client)s, t.identity, t.recipient, t.person, t.number, %(now)s
      FROM unnest(%(identities)s::bytea[], %(recipients)s::bytea[], %(persons)s::bytea[], %(numbers)s::bytea[])
        AS t (identity, recipient, person, number)
     ORDER BY t.identity, t.recipient
    ON CONFLICT (client_id, identity_index, recipient_index) DO UPDATE
       SET at = excluded.at, number_index = coalesce(a.number_index, excluded.number_index)
     WHERE a.at < excluded.at - interval '1 day' OR (a.number_index IS NULL AND excluded.number_index IS NOT NULL)
    RETURNING identity_index, recipient_index, xmax = 0 AS fresh
), names AS (
    SELECT identity_index AS one, recipient_index AS other FROM told WHERE fresh
     UNION
    SELECT recipient_index, identity_index FROM told WHERE fresh
)
INSERT INTO gate_permission AS p (client_id, recipient_index, channel, purpose, state, since)
SELECT DISTINCT %(client)s::uuid, names.other, said.channel, said.purpose, 'opposed', %(now)s::timestamptz
  FROM names JOIN gate_permission said
    ON said.client_id = %(client)s AND said.recipient_index = names.one AND said.channel = %(channel)s
   AND said.state = 'opposed'
ON CONFLICT (client_id, recipient_index, channel, purpose) DO UPDATE SET state = 'opposed', since = excluded.since
 WHERE p.state <> 'opposed'

-- name: numbers_of_person
-- Under which numbers somebody is known whom the channel names by an identity, the latest first.
SELECT number_index FROM engine_alias WHERE person_index = %(person)s AND number_index IS NOT NULL
 ORDER BY at DESC LIMIT 5

-- name: aliases_of
-- The other names of a client's people.
SELECT identity_index, recipient_index FROM engine_alias
 WHERE client_id = %(client)s AND identity_index = ANY (ARRAY(SELECT unnest(%(names)s::bytea[])))
 UNION
SELECT identity_index, recipient_index FROM engine_alias
 WHERE client_id = %(client)s AND recipient_index = ANY (ARRAY(SELECT unnest(%(names)s::bytea[])))

-- name: forget_aliases
-- Of people nobody heard of for as long.
DELETE FROM engine_alias WHERE at < %(at)s
