-- name: routes
-- Every route with its settings; read every two seconds, so that a change on screen is at work soon.
SELECT id, code, channel, connector, config, short_code, purposes, encodings, price_eur, rate_per_s, "window", binds,
       state, receipt_horizon_s, client_id
  FROM engine_route ORDER BY code

-- name: write_health
-- One sample per route and instance for the routes screen.
INSERT INTO engine_route_health (route_id, at, instance_id, binds_up, binds_down, in_flight, waiting, handed_over,
                                 accepted, refused, unknown, receipts, inbound, throttled, delivered, failed, codes,
                                 factor, rate_per_s, problem)
VALUES (%(route)s, %(now)s, %(me)s, %(binds_up)s, %(binds_down)s, %(in_flight)s, %(waiting)s, %(handed_over)s,
        %(accepted)s, %(refused)s, %(unknown)s, %(receipts)s, %(inbound)s, %(throttled)s, %(delivered)s,
        %(failed)s, %(codes)s, %(factor)s, %(rate_per_s)s, %(problem)s)
ON CONFLICT DO NOTHING

-- name: beat
-- This engine lives. The clock is the database's: liveness has nothing to do with the time of the business.
INSERT INTO engine_instance (id, host, pid, started_at, beat_at)
VALUES (%(me)s, %(host)s, %(pid)s, clock_timestamp(), clock_timestamp())
ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at

-- name: leave
-- An engine that ends in order is no longer listed.
DELETE FROM engine_instance WHERE id = %(me)s

-- name: forget_old
-- Health samples are kept a week, engines that vanished a day. Parts of messages that a route which is gone never
-- completed go with them, and callbacks that nobody can read.
WITH samples AS (DELETE FROM engine_route_health WHERE at < %(now)s - interval '7 days'),
     parts AS (DELETE FROM engine_inbound_part WHERE at < %(now)s - interval '7 days'),
     callbacks AS (DELETE FROM engine_callback WHERE at < %(now)s - interval '7 days')
DELETE FROM engine_instance WHERE beat_at < clock_timestamp() - interval '1 day'
