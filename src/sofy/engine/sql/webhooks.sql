-- name: claim_webhooks
-- Webhooks that have something to be told, for a turn; those that waited longest first. Two processes never take the same.
WITH due AS (
    SELECT e.client_id, e.id FROM gate_endpoint e
     WHERE e.kind = 'webhook' AND e.state = 'active'
       AND (e.lease_until IS NULL OR e.lease_until < clock_timestamp())
       AND (e.resting_until IS NULL OR e.resting_until <= %(now)s)
       AND (EXISTS (SELECT 1 FROM engine_notice n WHERE n.client_id = e.client_id AND n.endpoint_id = e.id)
            OR EXISTS (SELECT 1 FROM engine_delivery d
                        WHERE d.client_id = e.client_id AND d.endpoint_id = e.id AND d.state = 'waiting'
                          AND d.due_at <= %(now)s))
     ORDER BY e.lease_until NULLS FIRST
     LIMIT %(n)s
       FOR UPDATE OF e SKIP LOCKED
)
UPDATE gate_endpoint e SET claimed_by = %(me)s, lease_until = clock_timestamp() + interval '1 minute'
  FROM due
 WHERE e.client_id = due.client_id AND e.id = due.id
RETURNING e.client_id, e.id, e.events, e.url, e.secret, e.old_secret, e.old_secret_until, e.batch, e.failing_since

-- name: release_webhook
-- The turn is over.
UPDATE gate_endpoint SET claimed_by = NULL, lease_until = clock_timestamp()
 WHERE client_id = %(client)s AND id = %(endpoint)s AND claimed_by = %(me)s

-- name: take_notices
-- The oldest of what a webhook is still to be told; it becomes deliveries in the same transaction.
DELETE FROM engine_notice
 WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s
   AND id = ANY (ARRAY(SELECT id FROM engine_notice WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s
                        ORDER BY id LIMIT %(n)s FOR UPDATE SKIP LOCKED))
RETURNING id, message_id, inbound_id, kind, at, submitted_at, data::text

-- name: keep_deliveries
-- One row for each request to come; events arrive in their order.
INSERT INTO engine_delivery (client_id, endpoint_id, id, kinds, ats, orders, messages, inbounds, data, since,
                             due_at)
SELECT %(client)s, %(endpoint)s, e.id, array_agg(e.kind ORDER BY e.place), array_agg(e.at ORDER BY e.place),
       array_agg(e.ordered ORDER BY e.place), array_agg(e.message_id ORDER BY e.place),
       CASE WHEN count(e.inbound_id) > 0 THEN array_agg(e.inbound_id ORDER BY e.place) END,
       CASE WHEN count(e.data) > 0 THEN array_agg(e.data::jsonb ORDER BY e.place) END, %(now)s, %(now)s
  FROM unnest(%(ids)s::uuid[], %(kinds)s::text[], %(ats)s::timestamptz[], %(orders)s::bigint[], %(messages)s::uuid[],
              %(inbounds)s::uuid[], %(data)s::text[])
       WITH ORDINALITY AS e (id, kind, at, ordered, message_id, inbound_id, data, place)
 GROUP BY e.id

-- name: open_deliveries
-- What a webhook was not told yet; sorted by whoever asks, so that nobody walks what was delivered.
SELECT id, kinds, ats, orders, messages, inbounds, data::text[], attempt, since, due_at FROM engine_delivery
 WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s AND state = 'waiting'
 ORDER BY due_at LIMIT %(n)s

-- name: note_deliveries
-- What became of requests. (= ANY and IS TRUE: by their keys, never by walking what waits or was delivered before.)
UPDATE engine_delivery d
   SET state = r.state, attempt = r.attempt, due_at = r.due_at, attempted_at = r.at, answer = nullif(r.answer, 0),
       problem = r.problem, latency_ms = r.latency
  FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(attempts)s::smallint[], %(dues)s::timestamptz[],
              %(ats)s::timestamptz[], %(answers)s::smallint[], %(problems)s::text[], %(latencies)s::bigint[])
    AS r (id, state, attempt, due_at, at, answer, problem, latency)
 WHERE d.client_id = %(client)s AND d.endpoint_id = %(endpoint)s AND d.id = ANY (ARRAY(SELECT unnest(%(ids)s::uuid[])))
   AND d.id = r.id AND (d.state = 'waiting') IS TRUE

-- name: webhook_fails
-- Nothing comes through: it is left alone for a while.
UPDATE gate_endpoint SET failing_since = coalesce(failing_since, %(now)s), resting_until = %(until)s
 WHERE client_id = %(client)s AND id = %(endpoint)s

-- name: webhook_works
-- Something came through: what waits after a failure need not wait longer.
WITH works AS (
    UPDATE gate_endpoint SET failing_since = NULL, resting_until = NULL
     WHERE client_id = %(client)s AND id = %(endpoint)s AND failing_since IS NOT NULL
    RETURNING id
)
UPDATE engine_delivery SET due_at = least(due_at, %(now)s)
 WHERE client_id = %(client)s AND endpoint_id = (SELECT id FROM works) AND state = 'waiting'

-- name: disable_webhook
-- It has failed for too long, or said that it is gone. Answers whether it was at work until now.
WITH ended AS (
    UPDATE gate_endpoint SET state = 'disabled', disabled_at = %(now)s, disabled_because = %(because)s
     WHERE client_id = %(client)s AND id = %(endpoint)s AND state = 'active'
    RETURNING id
), failed AS (
    UPDATE engine_delivery SET state = 'failed'
     WHERE client_id = %(client)s AND endpoint_id = (SELECT id FROM ended) AND state = 'waiting'
)
INSERT INTO kit_outbox (client_id, id, topic, payload, created_at)
SELECT %(client)s, %(id)s, 'webhook.disabled', jsonb_build_object('webhook_id', ended.id, 'because', %(because)s::text), %(now)s
  FROM ended

-- name: inbounds
-- What people sent back.
SELECT id, message_id, payload, keyword, channel, at FROM engine_inbound
 WHERE client_id = %(client)s AND id = ANY (ARRAY(SELECT unnest(%(inbounds)s::uuid[])))

-- name: webhooks_to_tidy
-- Every webhook, with what of it may be forgotten.
SELECT client_id, id, state, disabled_because FROM gate_endpoint WHERE kind = 'webhook'

-- name: forget_deliveries
-- What was told, or given up, long ago.
DELETE FROM engine_delivery
 WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s
   AND id = ANY (ARRAY(SELECT id FROM engine_delivery WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s
                          AND id < %(before)s ORDER BY id LIMIT %(n)s))

-- name: forget_notices
-- What nobody wanted to be told for long.
DELETE FROM engine_notice
 WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s
   AND id = ANY (ARRAY(SELECT id FROM engine_notice WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s
                          AND at < %(at)s ORDER BY id LIMIT %(n)s))

-- name: forget_webhook
-- It was removed, and everything of it is gone.
DELETE FROM gate_endpoint e
 WHERE e.client_id = %(client)s AND e.id = %(endpoint)s AND e.state = 'off' AND e.disabled_because = 'removed'
   AND NOT EXISTS (SELECT 1 FROM engine_notice WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s)
   AND NOT EXISTS (SELECT 1 FROM engine_delivery WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s)

-- name: write_webhook
-- A program of the client wants to be told.
INSERT INTO gate_endpoint (client_id, id, kind, events, url, secret, batch, created_at)
VALUES (%(client)s, %(endpoint)s, 'webhook', %(events)s, %(url)s, %(secret)s, %(batch)s, %(now)s)

-- name: webhooks
-- The webhooks of a client, with how much each is still to be told.
SELECT e.id, e.events, e.state, e.url, e.batch, e.created_at, e.disabled_at, e.disabled_because, e.failing_since,
       e.old_secret_until,
       (SELECT count(*) FROM (SELECT 1 FROM engine_notice n WHERE n.client_id = %(client)s AND n.endpoint_id = e.id
                               LIMIT 10001) AS few)
       + (SELECT count(*) FROM (SELECT 1 FROM engine_delivery d
                                 WHERE d.client_id = %(client)s AND d.endpoint_id = e.id AND d.state = 'waiting'
                                 LIMIT 10001) AS few)
  FROM gate_endpoint e
 WHERE e.client_id = %(client)s AND e.kind = 'webhook' AND e.disabled_because IS DISTINCT FROM 'removed'
 ORDER BY e.created_at, e.id

-- name: change_webhook
-- What it is told, where, and how many events at a time.
UPDATE gate_endpoint SET events = %(events)s, url = %(url)s, batch = %(batch)s
 WHERE client_id = %(client)s AND id = %(endpoint)s AND kind = 'webhook'

-- name: rotate_webhook
-- Another secret; the one before signs too for a while, resealed for its place.
UPDATE gate_endpoint SET secret = %(secret)s, old_secret = %(old)s, old_secret_until = %(until)s
 WHERE client_id = %(client)s AND id = %(endpoint)s AND kind = 'webhook'

-- name: webhook_secret
-- For its rotation.
SELECT secret FROM gate_endpoint WHERE client_id = %(client)s AND id = %(endpoint)s AND kind = 'webhook' FOR UPDATE

-- name: enable_webhook
-- At work again, from what it missed on.
UPDATE gate_endpoint
   SET state = 'active', disabled_at = NULL, disabled_because = NULL, failing_since = NULL, resting_until = NULL
 WHERE client_id = %(client)s AND id = %(endpoint)s AND kind = 'webhook' AND state = 'disabled'

-- name: remove_webhook
-- Told nothing more; what is known of it is forgotten bit by bit.
UPDATE gate_endpoint
   SET state = 'off', disabled_at = %(now)s, disabled_because = 'removed', url = NULL, secret = NULL, old_secret = NULL
 WHERE client_id = %(client)s AND id = %(endpoint)s AND kind = 'webhook'

-- name: webhook_deliveries
-- What a webhook was told, the newest first.
SELECT id, kinds, messages, state, attempt, since, due_at, attempted_at, answer, problem, latency_ms
  FROM engine_delivery
 WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s AND id < %(before)s
   AND (%(state)s::text IS NULL OR state = %(state)s)
 ORDER BY id DESC LIMIT %(n)s

-- name: replay_delivery
-- Once more, whatever came of it.
UPDATE engine_delivery SET state = 'waiting', attempt = 0, since = %(now)s, due_at = %(now)s
 WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s AND id = %(delivery)s

-- name: replay_failed
-- Everything that was given up, of what was made since.
UPDATE engine_delivery SET state = 'waiting', attempt = 0, since = %(now)s, due_at = %(now)s
 WHERE client_id = %(client)s AND endpoint_id = %(endpoint)s AND id >= %(from)s AND state = 'failed'

-- name: test_webhook
-- Something to be told that is about nothing.
INSERT INTO engine_notice (client_id, endpoint_id, kind, at, data)
SELECT client_id, id, 'webhook.test', %(now)s, '{"test": true}' FROM gate_endpoint
 WHERE client_id = %(client)s AND id = %(endpoint)s AND kind = 'webhook' AND state = 'active'
