-- name: send_again
-- Alerts that their route did not deliver, as it says itself: once, and as long as they are worth something, they go back
-- to the queue, for another route. Their status stays what it is, since it never moves back; write_states, which is asked
-- next to say that they failed, leaves those alone that wait here.
WITH o AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(routes)s::uuid[], %(codes)s::text[], %(ats)s::timestamptz[])
      AS o (id, route, code, at)
), fresh AS (
    UPDATE engine_state s SET resend = 1, supplier_code = coalesce(o.code, s.supplier_code), updated_at = %(now)s
      FROM o
     WHERE s.client_id = %(client)s AND s.message_id = ANY (ARRAY(SELECT id FROM o)) AND s.message_id = o.id
       AND s.rank IN (20, 30) AND s.resend = 0 AND s.route_id = o.route
       AND EXISTS (SELECT 1 FROM engine_message m
                    WHERE m.client_id = %(client)s AND m.id = ANY (ARRAY(SELECT id FROM o)) AND m.id = s.message_id
                      AND m.purpose = 'alert' AND m.channel = 'sms'
                      AND coalesce(m.expires_at, s.submitted_at + interval '10 minutes') > %(now)s)
    RETURNING s.message_id, s.contact_id, s.campaign_id, o.route, o.code, o.at
), back AS (
    INSERT INTO engine_queue (client_id, message_id, lane, due_at, attempt, avoid_route)
    SELECT %(client)s, message_id, 'alert', %(now)s, %(attempt)s, route FROM fresh
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, 'resent', at,
       jsonb_strip_nulls(jsonb_build_object('reason', 'other_route', 'code', code))
  FROM fresh

-- name: write_second
-- How the second hand-over of alerts went that a route did not deliver. Their status moves on only upwards; nothing is paid
-- twice.
WITH o AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(ranks)s::smallint[], %(reasons)s::text[],
                         %(articles)s::text[], %(codes)s::text[], %(routes)s::uuid[], %(done)s::smallint[],
                         %(submitted)s::timestamptz[], %(ats)s::timestamptz[], %(firsts)s::smallint[],
                         %(costs)s::bigint[])
      AS o (id, status, rank, reason, article, code, route, done, submitted_at, at, first, cost)
), moved AS (
    UPDATE engine_state s
       SET resend = 2, status = CASE WHEN o.rank > s.rank THEN o.status ELSE s.status END,
           rank = greatest(s.rank, o.rank), reason = CASE WHEN o.rank > s.rank THEN o.reason ELSE s.reason END,
           supplier_code = coalesce(o.code, s.supplier_code), route_id = coalesce(o.route, s.route_id),
           parts_done = o.done, final_at = CASE WHEN greatest(s.rank, o.rank) >= 40 THEN coalesce(s.final_at, o.at) END,
           updated_at = %(now)s
      FROM o
     WHERE s.client_id = %(client)s AND s.message_id = ANY (ARRAY(SELECT id FROM o)) AND s.message_id = o.id
       AND s.resend = 1
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, s.status AS kind, o.at,
              NULL::timestamptz AS submitted_at, o.reason, o.code, s.rank = o.rank AND o.rank > 20 AS rose
), step AS (
    SELECT * FROM moved WHERE rose
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, kind, at,
       CASE WHEN reason IS NOT NULL OR code IS NOT NULL
            THEN jsonb_strip_nulls(jsonb_build_object('reason', reason, 'code', code)) END
  FROM step
