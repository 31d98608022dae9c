-- name: networks
-- Whose numbers begin with what.
SELECT prefix, country, network FROM price_network

-- name: sale_prices
-- What clients pay: every row, since which one is in force depends on the day.
SELECT client_id, channel, purpose, country, network, price_eur, valid_from FROM price_sale ORDER BY id

-- name: purchase_prices
-- What routes cost.
SELECT route_id, channel, '' AS purpose, country, network, price_eur, valid_from FROM price_purchase ORDER BY id

-- name: route_terms
-- What a route asks for beside what it carries, and its share among equals.
SELECT id, weight, countries, prefixes, sender_policy, senders FROM engine_route

-- name: route_quality
-- What routes delivered in the last three hours, by country.
SELECT route_id, country, sum(delivered), sum(in_time), sum(failed) FROM engine_route_quality
 WHERE at > %(now)s - interval '3 hours' AND at <= %(now)s GROUP BY route_id, country

-- name: note_quality
-- What an engine heard of its routes since it last said so.
INSERT INTO engine_route_quality AS q (route_id, at, country, instance_id, delivered, in_time, failed)
SELECT o.route, %(at)s, o.country, %(me)s, o.delivered, o.in_time, o.failed
  FROM unnest(%(routes)s::uuid[], %(countries)s::text[], %(delivered)s::bigint[], %(in_time)s::bigint[],
              %(failed)s::bigint[]) AS o (route, country, delivered, in_time, failed)
ON CONFLICT (route_id, at, country, instance_id) DO UPDATE
   SET delivered = q.delivered + excluded.delivered, in_time = q.in_time + excluded.in_time,
       failed = q.failed + excluded.failed

-- name: forget_quality
-- Kept for a day.
DELETE FROM engine_route_quality WHERE at < %(now)s - interval '1 day'
