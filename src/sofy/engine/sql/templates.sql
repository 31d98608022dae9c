-- name: write_template
-- A content of a template that programs may use, or why they may not yet.
INSERT INTO gate_template AS t (client_id, code, channel, id, purpose, version, state, content)
VALUES (%(client)s, %(code)s, %(channel)s, %(id)s, %(purpose)s, %(version)s, %(state)s, %(content)s)
ON CONFLICT (client_id, code, channel) DO UPDATE
   SET id = excluded.id, purpose = excluded.purpose, version = excluded.version, state = excluded.state,
       content = excluded.content

-- name: drop_templates
-- It was archived, or no longer has a content for a channel.
DELETE FROM gate_template WHERE client_id = %(client)s AND code = %(code)s AND NOT channel = ANY(%(kept)s::text[])

-- name: template_named
-- Every content of one template.
SELECT channel, id, purpose, version, state, content FROM gate_template
 WHERE client_id = %(client)s AND code = %(code)s ORDER BY channel

-- name: log_requests
-- What programs asked of the API.
INSERT INTO engine_request_log (client_id, id, at, key_id, method, path, status, code, latency_us)
SELECT %(client)s, r.id, r.at, r.key_id, r.method, r.path, r.status, r.code, r.latency_us
  FROM unnest(%(ids)s::uuid[], %(ats)s::timestamptz[], %(keys)s::uuid[], %(methods)s::text[], %(paths)s::text[],
              %(statuses)s::smallint[], %(codes)s::text[], %(latencies)s::integer[])
       AS r (id, at, key_id, method, path, status, code, latency_us)
ON CONFLICT DO NOTHING

-- name: forget_requests
-- A week is enough to find out what went wrong.
DELETE FROM engine_request_log WHERE at < %(before)s

-- name: requests_of
-- The latest requests of a client's programs.
SELECT id, at, key_id, method, path, status, code, latency_us FROM engine_request_log
 WHERE client_id = %(client)s AND id < %(before)s ORDER BY id DESC LIMIT %(n)s
