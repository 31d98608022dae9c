-- name: capabilities_of
-- What suppliers said of these people, of each agent, that is not too old to be believed.
SELECT recipient_index, agent, capable FROM engine_capability
 WHERE client_id = %(client)s AND recipient_index = ANY(%(recipients)s::bytea[]) AND until > %(now)s

-- name: capability_of
-- The same of one person and one agent, with its age and what the phone shows.
SELECT capable, features, known_at FROM engine_capability
 WHERE client_id = %(client)s AND recipient_index = %(recipient)s AND agent = %(agent)s AND until > %(now)s

-- name: write_capabilities
-- What a supplier said. An answer about many says nothing of what each phone shows: what is known of that stays.
INSERT INTO engine_capability AS c (client_id, recipient_index, agent, capable, features, known_at, until)
SELECT %(client)s, t.recipient, t.agent, t.capable = 1, string_to_array(t.features, ','), %(now)s, t.until
  FROM unnest(%(recipients)s::bytea[], %(agents)s::text[], %(capable)s::smallint[], %(features)s::text[],
              %(untils)s::timestamptz[]) AS t (recipient, agent, capable, features, until)
 ORDER BY t.recipient, t.agent
ON CONFLICT (client_id, recipient_index, agent) DO UPDATE
   SET capable = excluded.capable, known_at = excluded.known_at, until = excluded.until,
       features = CASE WHEN excluded.capable AND excluded.features = '{}' THEN c.features ELSE excluded.features END
 WHERE c.known_at <= excluded.known_at

-- name: next_unknown
-- Campaign messages of a client that leave next and of whose people nothing is known: asked about with those that leave
-- now, since a supplier is asked about ten thousand as quickly as about one.
SELECT m.id, m.recipient_index, m.payload
  FROM (SELECT message_id FROM engine_queue
         WHERE client_id = %(client)s AND lane = %(lane)s AND due_at <= %(before)s
         ORDER BY due_at LIMIT %(n)s) AS waiting
  JOIN engine_message m ON m.client_id = %(client)s AND m.id = waiting.message_id
 WHERE m.campaign_id IS NOT NULL AND m.short_code = %(agent)s
   AND NOT EXISTS (SELECT 1 FROM engine_capability k
                    WHERE k.client_id = %(client)s AND k.recipient_index = m.recipient_index AND k.agent = %(agent)s
                      AND k.until > %(now)s)

-- name: forget_capabilities
-- What is too old to be believed.
DELETE FROM engine_capability WHERE until < %(now)s
