-- name: write_permissions
-- The latest word on a person wins by its own time, so that files imported out of order do not undo each other; an
-- opposition is never lifted by an older grant.
INSERT INTO gate_permission AS p (client_id, recipient_index, channel, purpose, state, since)
SELECT %(client)s, r.recipient_index, r.channel, r.purpose, r.state, r.since
  FROM unnest(%(recipients)s::bytea[], %(channels)s::text[], %(purposes)s::text[], %(states)s::text[],
              %(sinces)s::timestamptz[]) AS r (recipient_index, channel, purpose, state, since)
 ORDER BY r.recipient_index, r.channel, r.purpose
ON CONFLICT (client_id, recipient_index, channel, purpose) DO UPDATE
   SET state = excluded.state, since = excluded.since
 WHERE excluded.since >= p.since AND (p.state, p.since) IS DISTINCT FROM (excluded.state, excluded.since)

-- name: write_client
-- One row per client, made by whichever application room knows something first; what is not given stays.
INSERT INTO gate_client AS g (client_id, state, hours, budget_eur, contact_answer)
VALUES (%(client)s, coalesce(%(state)s::text, 'active'), %(hours)s::jsonb, %(budget_eur)s::numeric,
        coalesce(%(contact_answer)s::text, ''))
ON CONFLICT (client_id) DO UPDATE
   SET state = coalesce(%(state)s::text, g.state),
       hours = CASE WHEN %(set_hours)s THEN excluded.hours ELSE g.hours END,
       budget_eur = CASE WHEN %(set_budget)s THEN excluded.budget_eur ELSE g.budget_eur END,
       contact_answer = coalesce(%(contact_answer)s::text, g.contact_answer)

-- name: write_api_key
-- A program of the client may use the API.
INSERT INTO gate_api_key (client_id, id, digest, scopes, networks, per_10s)
VALUES (%(client)s, %(id)s, %(digest)s, %(scopes)s, %(networks)s::cidr[], coalesce(%(per_10s)s, 100000))

-- name: end_api_key
-- It may no more.
UPDATE gate_api_key SET revoked_at = %(now)s WHERE client_id = %(client)s AND id = %(id)s AND revoked_at IS NULL

-- name: api_keys_last_used
-- For the page of a client's keys.
SELECT id, last_used_at FROM gate_api_key WHERE client_id = %(client)s AND last_used_at IS NOT NULL

-- name: write_sender
-- A name of the client's registry.
INSERT INTO gate_sender (client_id, channel, name) VALUES (%(client)s, %(channel)s, %(name)s) ON CONFLICT DO NOTHING

-- name: drop_sender
-- It was withdrawn.
DELETE FROM gate_sender WHERE client_id = %(client)s AND channel = %(channel)s AND name = %(name)s

-- name: write_establishment
-- A point of sale as programs may name it.
INSERT INTO gate_establishment (client_id, id, code) VALUES (%(client)s, %(id)s, %(code)s)
ON CONFLICT (client_id, id) DO UPDATE SET code = excluded.code

-- name: write_channels
-- The channels a client does without, and those its auto takes.
INSERT INTO gate_client (client_id, channels_off, ladder) VALUES (%(client)s, %(off)s::text[], %(ladder)s::jsonb)
ON CONFLICT (client_id) DO UPDATE SET channels_off = excluded.channels_off, ladder = excluded.ladder

-- name: write_campaign
-- Start, pause, resume or end a campaign for the gate; an ended one stays ended. Pauses are the client's own time.
INSERT INTO gate_campaign AS g (client_id, campaign_id, state, expanded_at, pauses)
VALUES (%(client)s, %(campaign)s, %(state)s::text, %(expanded_at)s,
        CASE WHEN %(state)s::text = 'paused' THEN ARRAY[%(now)s::timestamptz] ELSE '{}' END)
ON CONFLICT (client_id, campaign_id) DO UPDATE
   SET state = excluded.state, expanded_at = coalesce(excluded.expanded_at, g.expanded_at),
       pauses = CASE WHEN (g.state = 'paused') <> (excluded.state = 'paused') THEN g.pauses || %(now)s::timestamptz
                     ELSE g.pauses END
 WHERE g.state NOT IN ('cancelled', 'finished')

-- name: campaign_expanded
-- Every recipient has its row: from now on an empty queue means the campaign is finished.
UPDATE gate_campaign SET expanded_at = %(now)s
 WHERE client_id = %(client)s AND campaign_id = %(campaign)s AND expanded_at IS NULL

-- name: park_campaign
-- Pause: what nobody holds yet is put out of reach of every claim.
UPDATE engine_queue q SET due_at = 'infinity'
  FROM engine_state s
 WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s
   AND q.client_id = s.client_id AND q.message_id = s.message_id

-- name: unpark_campaign
-- Resume: due again at once, or when its own day comes.
UPDATE engine_queue q SET due_at = greatest(%(now)s, coalesce(s.not_before, %(now)s))
  FROM engine_state s
 WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s
   AND q.client_id = s.client_id AND q.message_id = s.message_id AND q.due_at = 'infinity'

-- name: cancel_campaign
-- Cancel what still waits; what an engine holds is stopped at hand-over by the state of the campaign.
WITH gone AS (
    DELETE FROM engine_queue q USING engine_state s
     WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s
       AND q.client_id = s.client_id AND q.message_id = s.message_id
    RETURNING q.message_id, q.attempt
), fate AS (
    -- include: fate
), step AS (
    UPDATE engine_state s
       SET status = coalesce(fate.status, 'cancelled'), rank = coalesce(fate.rank, 90),
           reason = coalesce(fate.reason, 'campaign_cancelled'),
           final_at = CASE WHEN fate.rank = 30 THEN s.final_at ELSE %(now)s END, not_before = NULL, updated_at = %(now)s
      FROM fate
     WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s AND s.message_id = fate.message_id AND s.rank = 10
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, s.status AS kind,
              %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at)
SELECT %(client)s, message_id, contact_id, campaign_id, kind, %(now)s FROM step

-- name: drop_late
-- What was wanted on its day only and still waits when the day is over. What an engine holds meets the gate instead.
WITH late AS (
    SELECT s.message_id FROM engine_state s JOIN engine_message m ON m.client_id = s.client_id AND m.id = s.message_id
     WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s AND s.rank = 10 AND m.expires_at <= %(now)s
), gone AS (
    DELETE FROM engine_queue q USING late
     WHERE q.client_id = %(client)s AND q.message_id = late.message_id
    RETURNING q.message_id, q.attempt
), fate AS (
    -- include: fate
), step AS (
    UPDATE engine_state s
       SET status = coalesce(fate.status, 'withheld'), rank = coalesce(fate.rank, 90),
           reason = coalesce(fate.reason, 'too_late'), article = CASE WHEN fate.status IS NULL THEN 'DPA 6' END,
           final_at = CASE WHEN fate.rank = 30 THEN s.final_at ELSE %(now)s END, not_before = NULL, updated_at = %(now)s
      FROM fate
     WHERE s.client_id = %(client)s AND s.campaign_id = %(campaign)s AND s.message_id = fate.message_id AND s.rank = 10
    RETURNING s.message_id, s.contact_id, s.campaign_id, s.account_id, s.receipt, s.status AS kind,
              %(now)s::timestamptz AS at, NULL::timestamptz AS submitted_at, s.reason, s.article
), told AS (
    -- include: told
)
INSERT INTO engine_event (client_id, message_id, contact_id, campaign_id, kind, at, detail)
SELECT %(client)s, message_id, contact_id, campaign_id, kind, %(now)s,
       jsonb_strip_nulls(jsonb_build_object('reason', reason, 'article', article)) FROM step
