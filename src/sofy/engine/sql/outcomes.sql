-- name: write_states
-- What became of a batch of messages of one client. A status replaces only a lower one; a verdict (rank 90) or another
-- waiting status (rank 10) replaces only what still waits. Events are written for rows that moved, and money is
-- counted for rows that left the queue, so that a repeated batch changes nothing. (= ANY and IS NOT DISTINCT FROM: the
-- rows are found by their keys, never by walking the client or the claims. A sub-select, not the parameter: the planner
-- takes it for a few keys, where it would count the price of each and walk after all.)
WITH o AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(ranks)s::smallint[], %(reasons)s::text[],
                         %(articles)s::text[], %(codes)s::text[], %(routes)s::uuid[], %(done)s::smallint[],
                         %(submitted)s::timestamptz[], %(ats)s::timestamptz[], %(firsts)s::smallint[],
                         %(costs)s::bigint[])
      AS o (id, status, rank, reason, article, code, route, done, submitted_at, at, first, cost)
), gone AS (
    DELETE FROM engine_queue q USING o
     WHERE o.first = 1 AND q.client_id = %(client)s AND q.message_id = ANY (ARRAY(SELECT id FROM o)) AND q.message_id = o.id
       AND q.claimed_by IS NOT DISTINCT FROM %(me)s
    RETURNING o.cost
), moved AS (
    UPDATE engine_state s
       SET status = o.status, rank = o.rank, reason = o.reason, article = coalesce(o.article, s.article),
           supplier_code = coalesce(o.code, s.supplier_code), route_id = coalesce(o.route, s.route_id),
           parts_done = greatest(s.parts_done, o.done),
           submitted_at = coalesce(s.submitted_at, o.submitted_at),
           final_at = CASE WHEN o.rank >= 40 THEN o.at ELSE s.final_at END,
           not_before = NULL, updated_at = %(now)s
      FROM o
     WHERE s.client_id = %(client)s AND s.message_id = ANY (ARRAY(SELECT id FROM o)) AND s.message_id = o.id
       AND CASE WHEN o.rank IN (10, 90) THEN s.rank = 10 ELSE o.rank > s.rank END
    RETURNING s.message_id, s.contact_id, s.campaign_id, o.status, o.at, o.submitted_at, o.first, o.reason, o.code
), spent AS (
    UPDATE gate_client SET spent_eur = spent_eur + (SELECT sum(cost) FROM gone) / 1000000.0
     WHERE client_id = %(client)s AND (SELECT sum(cost) FROM gone) > 0
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, submitted_at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, status, at,
       CASE WHEN first = 1 AND status <> 'submitted' THEN submitted_at END,
       CASE WHEN reason IS NOT NULL OR code IS NOT NULL
            THEN jsonb_strip_nulls(jsonb_build_object('reason', reason, 'code', code)) END
  FROM moved

-- name: requeue
-- Give rows back to the queue: deferred, held, to be tried again, or simply not needed now. When this is repeated, since
-- the answer to its commit was lost, a row may have been claimed once more meanwhile, and even be on its way: it is known
-- by its lease, and left alone.
WITH o AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(reasons)s::text[], %(articles)s::text[],
                         %(codes)s::text[], %(dues)s::timestamptz[], %(attempts)s::smallint[], %(avoids)s::uuid[],
                         %(leases)s::timestamptz[])
      AS o (id, status, reason, article, code, due, attempt, avoid, lease)
), back AS (
    UPDATE engine_queue q
       SET claimed_by = NULL, lease_until = NULL, due_at = o.due, attempt = o.attempt, avoid_route = o.avoid
      FROM o
     WHERE q.client_id = %(client)s AND q.message_id = ANY (ARRAY(SELECT id FROM o)) AND q.message_id = o.id
       AND q.claimed_by IS NOT DISTINCT FROM %(me)s
       AND (NOT %(again)s::boolean OR o.lease IS NULL OR q.lease_until = o.lease)
    RETURNING o.*
), moved AS (
    UPDATE engine_state s
       SET status = back.status, reason = back.reason, article = back.article,
           supplier_code = coalesce(back.code, s.supplier_code),
           not_before = nullif(back.due, 'infinity'), updated_at = %(now)s
      FROM back
     WHERE s.client_id = %(client)s AND s.message_id = ANY (ARRAY(SELECT id FROM o)) AND s.message_id = back.id
       AND s.rank = 10 AND back.reason IS NOT NULL
    RETURNING s.message_id, s.contact_id, s.campaign_id, back.status, back.reason
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, status, %(now)s, jsonb_build_object('reason', reason)
  FROM moved

-- name: write_receipt_keys
-- Under which names a supplier will speak of these parts.
INSERT INTO receipt_key (route_id, supplier_id, submitted_at, client_id, message_id, part, parts, status)
SELECT k.route, k.supplier_id, k.at, k.client, k.message, k.part, k.parts, nullif(k.status, '')
  FROM unnest(%(routes)s::uuid[], %(supplier_ids)s::text[], %(ats)s::timestamptz[], %(clients)s::uuid[],
              %(messages)s::uuid[], %(numbers)s::smallint[], %(parts)s::smallint[], %(statuses)s::text[])
    AS k (route, supplier_id, at, client, message, part, parts, status)
ON CONFLICT (route_id, supplier_id, submitted_at) DO UPDATE SET status = coalesce(excluded.status, receipt_key.status)

-- name: publish
-- Tell the rooms above, in the transaction of the fact; the payload holds ids only.
INSERT INTO kit_outbox (client_id, id, topic, payload, created_at)
VALUES (%(client)s, %(id)s, %(topic)s, %(payload)s::jsonb, %(now)s)
