-- name: smpp_login
-- Whose a system id is. The one statement that does not know its client yet.
SELECT client_id, account_id FROM gate_smpp_login WHERE digest = %(digest)s

-- name: smpp_account
-- What an account may do.
SELECT purpose, password, networks::text[], senders, max_binds, per_s, language, disabled_at IS NULL FROM gate_smpp_account
 WHERE client_id = %(client)s AND id = %(account)s

-- name: smpp_account_lock
-- Binds of one account are counted one after the other; until the end of the transaction.
SELECT max_binds FROM gate_smpp_account WHERE client_id = %(client)s AND id = %(account)s AND disabled_at IS NULL FOR UPDATE

-- name: smpp_bind_forget
-- Binds whose process is gone, or has not been heard of for too long.
DELETE FROM smpp_bind WHERE client_id = %(client)s AND account_id = %(account)s AND lease_until < clock_timestamp()

-- name: smpp_bind_open
-- One more bind, if there is room for it. Answers it then.
INSERT INTO smpp_bind (client_id, account_id, id, process, kind, peer, since, lease_until)
SELECT %(client)s, %(account)s, %(bind)s, %(process)s, %(kind)s, %(peer)s::inet, %(now)s, clock_timestamp() + %(lease)s::interval
 WHERE (SELECT count(*) FROM smpp_bind WHERE client_id = %(client)s AND account_id = %(account)s) < %(most)s
ON CONFLICT (client_id, account_id, id) DO NOTHING
RETURNING id

-- name: smpp_bind_renew
-- The binds of one account that this process holds; those that were forgotten meanwhile come back.
INSERT INTO smpp_bind (client_id, account_id, id, process, kind, peer, since, lease_until)
SELECT %(client)s, %(account)s, b.id, %(process)s, b.kind, b.peer::inet, b.since, clock_timestamp() + %(lease)s::interval
  FROM unnest(%(binds)s::uuid[], %(kinds)s::text[], %(peers)s::text[], %(sinces)s::timestamptz[]) AS b (id, kind, peer, since)
ON CONFLICT (client_id, account_id, id) DO UPDATE SET lease_until = excluded.lease_until

-- name: smpp_bind_close
-- A bind ended.
DELETE FROM smpp_bind WHERE client_id = %(client)s AND account_id = %(account)s AND id = ANY (%(binds)s::uuid[])

-- name: smpp_take_turns
-- Parts of one long message may come on several links at once; until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended(encode(key, 'hex'), 13))
  FROM (SELECT unnest(%(keys)s::bytea[]) AS key ORDER BY 1) AS sorted

-- name: smpp_keep_parts
-- Parts that just came. The same part again is the same part: it answers the id that it has.
INSERT INTO smpp_part AS p (client_id, account_id, id, long_key, part, parts, receipt, payload, at)
SELECT %(client)s, %(account)s, g.id, g.key, g.part, g.parts, g.receipt, g.payload, %(now)s
  FROM unnest(%(ids)s::uuid[], %(keys)s::bytea[], %(numbers)s::smallint[], %(parts)s::smallint[], %(receipts)s::smallint[],
              %(payloads)s::bytea[]) AS g (id, key, part, parts, receipt, payload)
ON CONFLICT (client_id, account_id, long_key, part) WHERE message_id IS NULL AND ended IS NULL
   DO UPDATE SET at = excluded.at, receipt = excluded.receipt
RETURNING p.id, p.long_key, p.part

-- name: smpp_parts_waiting
-- Everything that is there of these long messages; nobody takes a part back meanwhile.
SELECT id, long_key, part, parts, receipt, payload FROM smpp_part
 WHERE client_id = %(client)s AND account_id = %(account)s AND long_key = ANY (%(keys)s::bytea[])
   AND message_id IS NULL AND ended IS NULL
 ORDER BY long_key, part
   FOR UPDATE

-- name: smpp_parts_joined
-- They are names of a message now.
UPDATE smpp_part p SET message_id = j.message, payload = NULL
  FROM unnest(%(ids)s::uuid[], %(messages)s::uuid[]) AS j (id, message)
 WHERE p.client_id = %(client)s AND p.account_id = %(account)s AND p.id = j.id

-- name: smpp_parts_refused
-- The message they make is not taken, or will not be whole: who asked hears it by a receipt.
UPDATE smpp_part SET ended = %(why)s WHERE client_id = %(client)s AND account_id = %(account)s AND id = ANY (%(ids)s::uuid[])

-- name: smpp_name_all
-- One id for all that a submit_multi made.
INSERT INTO smpp_part (client_id, account_id, id, part, parts, receipt, message_id, at)
SELECT %(client)s, %(account)s, %(id)s, m.number, %(count)s, %(receipt)s, m.id, %(now)s
  FROM unnest(%(messages)s::uuid[]) WITH ORDINALITY AS m (id, number)

-- name: smpp_parts_forget
-- Parts whose ids were told to nobody.
DELETE FROM smpp_part WHERE client_id = %(client)s AND account_id = %(account)s AND id = ANY (%(ids)s::uuid[])

-- name: smpp_parts_over
-- Parts that make no message and have no receipt to come: that they ended is still known for a while, what they said is not.
UPDATE smpp_part SET ended = coalesce(ended, %(why)s), payload = NULL
 WHERE client_id = %(client)s AND account_id = %(account)s AND id = ANY (%(ids)s::uuid[])

-- name: smpp_part_cancel
-- A part is taken back while its message waits for others: it will not be whole. Answers it when that was so.
WITH gone AS (
    UPDATE smpp_part SET ended = 'cancelled', payload = CASE WHEN receipt IN (1, 2) THEN payload END
     WHERE client_id = %(client)s AND id = %(id)s AND message_id IS NULL AND ended IS NULL
       AND account_id = ANY (ARRAY(SELECT id FROM gate_smpp_account WHERE client_id = %(client)s))
    RETURNING account_id, id, receipt
), told AS (
    INSERT INTO engine_notice (client_id, endpoint_id, kind, at, data)
    SELECT %(client)s, account_id, 'smpp.part', %(now)s, jsonb_build_object('part', id::text) FROM gone WHERE receipt IN (1, 2)
)
SELECT id FROM gone

-- name: smpp_told_id
-- What an id stands for that is no message's own: the message of which it is a part, or all that a submit_multi made.
SELECT p.id, p.message_id, p.parts, p.ended, p.payload, p.at, a.purpose
  FROM smpp_part p JOIN gate_smpp_account a ON a.client_id = %(client)s AND a.id = p.account_id
 WHERE p.client_id = %(client)s AND p.id = %(id)s
   AND p.account_id = ANY (ARRAY(SELECT id FROM gate_smpp_account WHERE client_id = %(client)s))
 ORDER BY p.part

-- name: smpp_part_notices
-- Receipts that no message will lead to.
INSERT INTO engine_notice (client_id, endpoint_id, kind, at, data)
SELECT %(client)s, %(account)s, 'smpp.part', %(now)s, jsonb_build_object('part', id::text)
  FROM unnest(%(ids)s::uuid[]) AS id

-- name: smpp_parts_overdue
-- Long messages of which no part came for too long.
SELECT client_id, account_id, array_agg(id), array_agg(receipt) FROM smpp_part AS p
 WHERE at < %(before)s AND message_id IS NULL AND ended IS NULL
   AND NOT EXISTS (SELECT 1 FROM smpp_part n
                    WHERE n.client_id = p.client_id AND n.account_id = p.account_id AND n.long_key = p.long_key
                      AND n.message_id IS NULL AND n.ended IS NULL AND n.at >= %(before)s)
 GROUP BY client_id, account_id LIMIT 100

-- name: forget_smpp_parts
-- Names of messages that are long over, and parts that made none and whose receipts nobody came for.
DELETE FROM smpp_part
 WHERE at < %(now)s - interval '400 days' OR (message_id IS NULL AND at < %(now)s - interval '8 days')

-- name: smpp_named
-- The messages that an id of this account means: its own, or those of which it is a part.
SELECT s.message_id, s.status, s.rank, s.supplier_code, s.final_at, m.sender, m.recipient_index
  FROM engine_state s JOIN engine_message m ON m.client_id = %(client)s AND m.id = s.message_id
 WHERE s.client_id = %(client)s AND s.account_id = %(account)s
   AND s.message_id = ANY (ARRAY(SELECT %(id)s::uuid UNION ALL
                                 SELECT message_id FROM smpp_part
                                  WHERE client_id = %(client)s AND account_id = %(account)s AND id = %(id)s
                                    AND message_id IS NOT NULL))
 ORDER BY s.rank

-- name: smpp_part_named
-- A part whose message is not there yet, or never will be.
SELECT ended, payload FROM smpp_part WHERE client_id = %(client)s AND account_id = %(account)s AND id = %(id)s AND message_id IS NULL

-- name: smpp_claim
-- One process at a time tells an account. Answers it when that is this one.
UPDATE gate_endpoint SET claimed_by = %(process)s, lease_until = clock_timestamp() + %(lease)s::interval
 WHERE client_id = %(client)s AND id = %(account)s AND kind = 'smpp'
   AND (claimed_by = %(process)s OR claimed_by IS NULL OR lease_until < clock_timestamp())
RETURNING id

-- name: smpp_let_go
-- Another process may tell it.
UPDATE gate_endpoint SET claimed_by = NULL, lease_until = NULL
 WHERE client_id = %(client)s AND id = %(account)s AND kind = 'smpp' AND claimed_by = %(process)s

-- name: smpp_notices
-- What there is to tell an account, the oldest first, besides what is on its way.
SELECT id, message_id, inbound_id, kind, at, data FROM engine_notice
 WHERE client_id = %(client)s AND endpoint_id = %(account)s AND id <> ALL (%(known)s::bigint[])
 ORDER BY id LIMIT %(n)s

-- name: smpp_messages
-- The messages that receipts are about.
SELECT m.id, m.sender, m.payload, m.created_at, s.status, s.supplier_code, s.parts, s.parts_done, s.receipt
  FROM engine_message m JOIN engine_state s ON s.client_id = m.client_id AND s.message_id = m.id
 WHERE m.client_id = %(client)s AND s.client_id = %(client)s AND m.id = ANY (%(messages)s::uuid[])

-- name: smpp_names
-- By which ids the parts of these messages were answered.
SELECT message_id, id, part, receipt FROM smpp_part
 WHERE client_id = %(client)s AND message_id = ANY (%(messages)s::uuid[]) ORDER BY message_id, part

-- name: smpp_parts
-- Parts that make no message.
SELECT id, ended, payload, at FROM smpp_part
 WHERE client_id = %(client)s AND account_id = %(account)s AND id = ANY (%(ids)s::uuid[])

-- name: smpp_inbound
-- What people answered, and where.
SELECT i.id, i.payload, coalesce(m.short_code, m.sender, r.short_code) FROM engine_inbound i
  LEFT JOIN engine_message m ON m.client_id = %(client)s AND m.id = i.message_id
  LEFT JOIN engine_route r ON r.id = i.route_id
 WHERE i.client_id = %(client)s AND i.id = ANY (%(ids)s::uuid[])

-- name: smpp_told
-- The other end has it.
DELETE FROM engine_notice WHERE client_id = %(client)s AND endpoint_id = %(account)s AND id = ANY (%(ids)s::bigint[])
