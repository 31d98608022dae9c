-- name: store_callbacks
-- What suppliers said, before they are answered.
INSERT INTO engine_callback (id, route_id, body, at)
SELECT c.id, c.route_id, c.body, %(now)s FROM unnest(%(ids)s::uuid[], %(routes)s::uuid[], %(bodies)s::bytea[]) AS c (id, route_id, body)

-- name: take_callbacks
-- The oldest that nobody reads, for a minute: an engine that dies leaves them to the others. The lease runs on the clock
-- of the database.
UPDATE engine_callback SET lease_until = clock_timestamp() + interval '60 seconds', tries = tries + 1
 WHERE id = ANY (ARRAY(SELECT id FROM engine_callback WHERE lease_until < (SELECT clock_timestamp())
                        ORDER BY lease_until, id LIMIT %(n)s FOR UPDATE SKIP LOCKED))
RETURNING id, route_id, body, tries

-- name: forget_callbacks
-- What they said is committed, or in the journal.
DELETE FROM engine_callback WHERE id = ANY(%(ids)s::uuid[])
