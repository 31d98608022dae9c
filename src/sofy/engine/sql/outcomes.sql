-- name: write_states
-- What became of a batch of messages of one client. A status replaces only a lower one; a verdict (rank 90) or another
-- waiting status (rank 10) replaces only what still waits. Of an alert that leaves by a second route (resend), the first one
-- has no bad news any more. Events are written for rows that moved, and money is
-- counted for rows that left the queue, so that a repeated batch changes nothing. (= ANY and IS NOT DISTINCT FROM: the
-- rows are found by their keys, never by walking the client or the claims. A sub-select, not the parameter: the planner
-- takes it for a few keys, where it would count the price of each and walk after all.)
WITH o AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(ranks)s::smallint[], %(reasons)s::text[],
                         %(articles)s::text[], %(codes)s::text[], %(routes)s::uuid[], %(done)s::smallint[],
                         %(submitted)s::timestamptz[], %(ats)s::timestamptz[], %(firsts)s::smallint[],
                         %(costs)s::bigint[])
      AS o (id, status, rank, reason, article, code, route, done, submitted_at, at, first, cost)
), step AS (
    UPDATE engine_state s
       SET status = o.status, rank = o.rank, reason = o.reason, article = coalesce(o.article, s.article),
           supplier_code = coalesce(o.code, s.supplier_code), route_id = coalesce(o.route, s.route_id),
           parts_done = greatest(s.parts_done, o.done),
           submitted_at = coalesce(s.submitted_at, o.submitted_at),
           final_at = CASE WHEN o.rank = 60 THEN coalesce(s.final_at, o.at) WHEN o.rank >= 40 THEN o.at ELSE s.final_at END,
           not_before = NULL, updated_at = %(now)s
      FROM o
     WHERE s.client_id = %(client)s AND s.message_id = ANY (ARRAY(SELECT id FROM o)) AND s.message_id = o.id
       AND CASE WHEN o.rank IN (10, 90) THEN s.rank = 10 ELSE o.rank > s.rank END
       AND (s.resend = 0 OR o.rank NOT IN (30, 40) OR (s.resend = 2 AND s.route_id = o.route))
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, o.status AS kind, o.at,
              CASE WHEN o.first = 1 AND o.status <> 'submitted' THEN o.submitted_at END AS submitted_at,
              o.first, o.reason, o.code, o.cost, CASE WHEN o.rank = 90 THEN o.article END AS article
), nowhere AS (
    INSERT INTO engine_ladder_step (client_id, message_id, at)
    SELECT %(client)s, l.message_id, %(now)s FROM engine_ladder l
      JOIN step ON step.message_id = l.message_id AND step.kind IN ('failed', 'expired', 'withheld')
     WHERE l.client_id = %(client)s
       AND l.message_id = ANY (ARRAY(SELECT id FROM o WHERE status IN ('failed', 'expired', 'withheld')))
    ON CONFLICT DO NOTHING
), spent AS (
    UPDATE gate_client SET spent_eur = spent_eur + paid.cost / 1000000.0
      FROM (SELECT sum(cost) FROM step WHERE first = 1) AS paid (cost)
     WHERE client_id = %(client)s AND paid.cost > 0
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, submitted_at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, kind, at, submitted_at,
       CASE WHEN reason IS NOT NULL OR code IS NOT NULL
            THEN jsonb_strip_nulls(jsonb_build_object('reason', reason, 'code', code, 'article', article)) END
  FROM step

-- name: fate
-- A piece: what messages are that leave the queue (`gone`, with their attempt) and are not handed over any more, where their
-- supplier may have them: a verdict would be an end, and a later receipt proves that they arrived. (`item.FAULTY`,
-- `item.IN_DOUBT`, as `dispatch.enter`.)
SELECT message_id, CASE WHEN attempt >= 50 THEN 'unknown' WHEN attempt >= 25 THEN 'failed' END AS status,
       CASE WHEN attempt >= 50 THEN 30 WHEN attempt >= 25 THEN 40 END AS rank,
       CASE WHEN attempt >= 50 THEN 'no_answer' WHEN attempt >= 25 THEN 'refused_retry' END AS reason
  FROM gone

-- name: requeue
-- Give messages back to the queue: deferred, held, to be tried again, or simply not needed now. Only what the claim still
-- holds: when this is repeated, since the answer to its commit was lost, a message may have been claimed once more
-- meanwhile, and even be on its way.
WITH o AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(reasons)s::text[], %(articles)s::text[],
                         %(codes)s::text[], %(dues)s::timestamptz[], %(attempts)s::smallint[], %(avoids)s::uuid[])
      AS o (id, status, reason, article, code, due, attempt, avoid)
), held AS (
    SELECT DISTINCT lane, unnest(messages) AS id FROM engine_claim
     WHERE client_id = %(client)s AND id = ANY (ARRAY(SELECT unnest(%(claims)s::uuid[])))
), back AS (
    INSERT INTO engine_queue (client_id, message_id, lane, due_at, attempt, avoid_route)
    SELECT %(client)s, o.id, held.lane, o.due, o.attempt, o.avoid FROM o JOIN held ON held.id = o.id
    RETURNING message_id
), step AS (
    UPDATE engine_state s
       SET status = o.status, reason = o.reason, article = o.article,
           supplier_code = coalesce(o.code, s.supplier_code),
           not_before = nullif(o.due, 'infinity'), updated_at = %(now)s
      FROM o JOIN back ON back.message_id = o.id
     WHERE s.client_id = %(client)s AND s.message_id = ANY (ARRAY(SELECT id FROM o)) AND s.message_id = o.id
       AND s.rank = 10 AND o.reason IS NOT NULL
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, o.status AS kind,
              %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at, o.reason, o.article
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, kind, at,
       jsonb_strip_nulls(jsonb_build_object('reason', reason, 'article', article))
  FROM step

-- name: leave_claims
-- These messages wait in the queue again: their claims hold the others, if any.
WITH claim AS (
    SELECT * FROM engine_claim WHERE client_id = %(client)s AND id = ANY(%(claims)s::uuid[]) FOR UPDATE
), stay AS (
    SELECT claim.id, array_agg(held.message_id) AS messages, array_agg(held.attempt) AS attempts,
           array_agg(held.avoid_route) AS avoid_routes
      FROM claim, LATERAL unnest(messages, attempts, avoid_routes) AS held (message_id, attempt, avoid_route)
     WHERE held.message_id <> ALL(%(ids)s::uuid[])
     GROUP BY claim.id
), kept AS (
    UPDATE engine_claim c SET messages = stay.messages, attempts = stay.attempts, avoid_routes = stay.avoid_routes
      FROM stay WHERE c.client_id = %(client)s AND c.id = stay.id
)
DELETE FROM engine_claim WHERE client_id = %(client)s AND id = ANY(%(claims)s::uuid[]) AND id <> ALL (SELECT id FROM stay)

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
