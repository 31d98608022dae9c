-- The engine's tables. Run once, as sofy_owner, by the first migration of `messaging`; the four roles exist before.
--
-- Client-owned tables are keyed (client_id, ...) so that the same file serves one PostgreSQL and a Citus cluster
-- distributed by client_id. Row-level security is forced everywhere; sofy_engine has BYPASSRLS and engine tables only.
-- Platform tables hold no personal data in clear and belong to the engine; only routes are shown, to staff.

-- ---------------------------------------------------------------------------------------------- messages

create table engine_message (
    client_id        uuid not null,
    id               uuid not null,
    channel          text not null default 'sms',
    purpose          text not null check (purpose in ('marketing', 'alert')),
    campaign_id      uuid,
    contact_id       uuid,
    establishment_id uuid,
    variant          text,
    recipient_index  bytea not null,
    sender           text not null,
    short_code       text,
    zone             text,
    payload          bytea not null,
    parts            smallint not null check (parts between 1 and 255),
    encoding         text not null check (encoding in ('gsm7', 'ucs2', 'latin1')),
    unit_price_eur   numeric(12, 6) not null default 0,
    reference        text,
    created_at       timestamptz not null,
    primary key (client_id, id)
);
comment on table engine_message is 'What was asked to be sent, never changed. payload is {"to","text"} sealed under the client key.';
comment on column engine_message.zone is 'IANA zone of the contact record; empty: the zones the number may be in';
comment on column engine_message.unit_price_eur is 'price of one part';

create table engine_state (
    client_id        uuid not null,
    message_id       uuid not null,
    campaign_id      uuid,
    contact_id       uuid,
    establishment_id uuid,
    recipient_index  bytea not null,
    variant          text,
    status           text not null,
    rank             smallint not null,
    reason           text,
    article          text,
    supplier_code    text,
    route_id         uuid,
    parts            smallint not null,
    parts_done       smallint not null default 0,
    accepted_at      timestamptz not null,
    submitted_at     timestamptz,
    final_at         timestamptz,
    not_before       timestamptz,
    updated_at       timestamptz not null,
    primary key (client_id, message_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
comment on table engine_state is 'Where each message stands. status is in no index, so that its updates stay on their page (HOT).';
comment on column engine_state.rank is 'Height of status in the lattice of engine/statuses.py; an update never lowers it';

-- One message per person and campaign; led by the recipient so that a STOP finds what still waits for that number.
create unique index engine_state_once_per_campaign on engine_state (client_id, recipient_index, campaign_id);
create index engine_state_campaign on engine_state (client_id, campaign_id, contact_id) where campaign_id is not null;

create table engine_queue (
    client_id   uuid not null,
    message_id  uuid not null,
    lane        text not null check (lane in ('alert', 'marketing')),
    due_at      timestamptz not null,
    attempt     smallint not null default 0,
    avoid_route uuid,
    claimed_by  uuid,
    lease_until timestamptz,
    primary key (client_id, message_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
comment on table engine_queue is 'Messages still to hand over. claimed_by is the engine instance that holds the row, until lease_until.';
comment on column engine_queue.avoid_route is 'the route that refused the last attempt, when another one should be tried';

-- A claimed row leaves this index, so a claim never walks over what other claims hold.
create index engine_queue_due on engine_queue (client_id, lane, due_at) where claimed_by is null;
create index engine_queue_claimed on engine_queue (claimed_by, lease_until) where claimed_by is not null;

create table lane_backlog (
    client_id uuid not null,
    lane      text not null,
    due_at    timestamptz not null,
    seq       bigint not null default 0,
    primary key (client_id, lane)
) with (fillfactor = 50);
comment on table lane_backlog is 'Which client has due work in which lane: the engine takes the clients in turn.';
comment on column lane_backlog.seq is 'Raised by every intake: due_at moves later only if no message came in since the engine looked';

create table engine_event (
    client_id   uuid not null,
    message_id  uuid,
    contact_id  uuid,
    campaign_id uuid,
    kind        text not null,
    at          timestamptz not null,
    detail      jsonb
);
comment on table engine_event is 'What happened to each message, append-only: statuses reached, and clicked, replied, stop.';
create index engine_event_contact on engine_event (client_id, contact_id, kind, at);
create index engine_event_message on engine_event (client_id, message_id);

create table engine_inbound (
    client_id       uuid not null,
    id              uuid not null,
    route_id        uuid not null,
    recipient_index bytea not null,
    contact_hint    uuid,
    message_id      uuid,
    payload         bytea not null,
    keyword         text not null default '' check (keyword in ('', 'stop', 'contact')),
    at              timestamptz not null,
    primary key (client_id, id)
);
comment on table engine_inbound is 'Messages people sent back. payload is {"from","text"} sealed; contact_hint is who was last written to.';
create index engine_inbound_at on engine_inbound (client_id, at);

-- ---------------------------------------------------------------------------------------------- the gate's facts

create table gate_permission (
    client_id       uuid not null,
    recipient_index bytea not null,
    channel         text not null,
    purpose         text not null check (purpose in ('marketing', 'alert', 'all')),
    state           text not null check (state in ('granted', 'withdrawn', 'opposed')),
    since           timestamptz not null,
    primary key (client_id, recipient_index, channel, purpose)
) with (fillfactor = 90);
comment on table gate_permission is
    'What a person allows, as the gate reads it. Purpose all with state opposed is the suppression list of the client.';

create table gate_client (
    client_id      uuid primary key,
    state          text not null default 'active' check (state in ('active', 'suspended')),
    hours          jsonb,
    budget_eur     numeric(12, 2),
    spent_eur      numeric(14, 6) not null default 0,
    contact_answer text not null default ''
) with (fillfactor = 50);
comment on table gate_client is 'What the gate must know of a client. hours tightens the contract hours; no budget means no limit.';
comment on column gate_client.contact_answer is 'The text that answers CONTACT on a short code';

create table gate_campaign (
    client_id   uuid not null,
    campaign_id uuid not null,
    state       text not null default 'running' check (state in ('running', 'paused', 'cancelled', 'finished')),
    expanded_at timestamptz,
    primary key (client_id, campaign_id)
) with (fillfactor = 70);
comment on table gate_campaign is 'Whether a campaign may go on. expanded_at: every recipient has its row, so an empty queue means finished.';
create index gate_campaign_running on gate_campaign (client_id, campaign_id) where state = 'running' and expanded_at is not null;

-- ---------------------------------------------------------------------------------------------- platform tables

create table engine_route (
    id               uuid primary key,
    code             text not null unique,
    name             text not null,
    channel          text not null default 'sms',
    connector        text not null,
    config           jsonb not null default '{}',
    short_code       text,
    purposes         text[] not null default '{marketing,alert}',
    encodings        text[] not null default '{gsm7,ucs2}',
    price_eur        numeric(12, 6) not null default 0,
    rate_per_s       integer not null default 0 check (rate_per_s >= 0),
    "window"         integer not null default 10 check ("window" between 1 and 10000),
    binds            smallint not null default 1 check (binds between 1 and 64),
    state            text not null default 'active' check (state in ('active', 'paused', 'draining')),
    receipt_horizon_s integer not null default 172800 check (receipt_horizon_s > 0),
    created_at       timestamptz not null,
    updated_at       timestamptz not null
);
comment on table engine_route is 'A way to a channel supplier. Secrets inside config are sealed under the entity key.';
comment on column engine_route.rate_per_s is '0: no limit but the window';
comment on column engine_route.receipt_horizon_s is 'A message without receipt after this long becomes unknown';

create table engine_route_health (
    route_id    uuid not null,
    at          timestamptz not null,
    instance_id uuid not null,
    binds_up    smallint not null,
    binds_down  smallint not null,
    in_flight   integer not null,
    waiting     integer not null,
    handed_over integer not null,
    accepted    integer not null,
    refused     integer not null,
    unknown     integer not null,
    receipts    integer not null,
    inbound     integer not null,
    throttled   integer not null,
    rate_per_s  real not null,
    problem     text,
    primary key (route_id, at, instance_id)
);
comment on table engine_route_health is 'One sample per route, instance and five seconds, kept for a week. Counters are of that interval.';

create table engine_instance (
    id         uuid primary key,
    host       text not null,
    pid        integer not null,
    started_at timestamptz not null,
    beat_at    timestamptz not null,
    version    text not null default ''
);
comment on table engine_instance is 'Engines that run; beat_at is the clock of the database, not the clock of the business';

create table receipt_key (
    route_id     uuid not null,
    supplier_id  text not null,
    submitted_at timestamptz not null,
    client_id    uuid not null,
    message_id   uuid not null,
    part         smallint not null default 1,
    parts        smallint not null default 1,
    status       text,
    primary key (route_id, supplier_id, submitted_at)
) with (fillfactor = 80);
comment on table receipt_key is
    'Which message a supplier means. Suppliers use their ids again: the most recent submit within seven days wins.';
create index receipt_key_long on receipt_key (message_id) where parts > 1;
create index receipt_key_age on receipt_key using brin (submitted_at);

create table receipt_parked (
    id           bigint generated always as identity primary key,
    route_id     uuid not null,
    keys         text[] not null,
    status       text not null,
    code         text not null default '',
    at           timestamptz not null,
    parked_at    timestamptz not null
);
comment on table receipt_parked is 'Receipts whose message is not known yet: the answer to the submit is still on its way, here or in another engine';

create table mo_lookup (
    short_code      text not null,
    number_index    bytea not null,
    client_id       uuid not null,
    message_id      uuid not null,
    contact_id      uuid,
    campaign_id     uuid,
    recipient_index bytea not null,
    at              timestamptz not null,
    primary key (short_code, number_index)
) with (fillfactor = 80);
comment on table mo_lookup is 'Which client last wrote to a number from a short code. number_index is under the platform key.';

create table platform_suppression (
    number_index bytea primary key,
    channel      text not null default 'all',
    source       text not null,
    since        timestamptz not null
);
comment on table platform_suppression is 'Numbers nobody may write to (regulator lists), under the platform key.';

-- ---------------------------------------------------------------------------------------------- walls

-- Rights are given one by one: whatever a default privilege of the database gave before is taken back first.

do $$
declare t text;
begin
    foreach t in array array['engine_message', 'engine_state', 'engine_queue', 'lane_backlog', 'engine_event',
                             'engine_inbound', 'gate_permission', 'gate_client', 'gate_campaign'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff', t);
        execute format($p$create policy %I on %I to sofy_web
            using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
            with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)$p$, t || '_client', t);
        execute format($p$create policy %I on %I for select to sofy_staff
            using (current_setting('sofy.staff', true) = 'on')$p$, t || '_staff', t);
        execute format('grant select, insert, update, delete on %I to sofy_engine', t);
        execute format('grant select on %I to sofy_staff', t);
    end loop;
    foreach t in array array['engine_route', 'engine_route_health', 'engine_instance', 'receipt_key', 'receipt_parked',
                             'mo_lookup', 'platform_suppression'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff', t);
        execute format('grant select, insert, update, delete on %I to sofy_engine', t);
        execute format('create policy %I on %I to sofy_engine using (true) with check (true)', t || '_engine', t);
    end loop;
    foreach t in array array['engine_route', 'engine_route_health', 'engine_instance'] loop
        execute format($p$create policy %I on %I to sofy_staff using (current_setting('sofy.staff', true) = 'on')
            with check (current_setting('sofy.staff', true) = 'on')$p$, t || '_staff', t);
        execute format('grant select on %I to sofy_staff', t);
    end loop;
end $$;

-- A message is written once; only what may still change can be updated, and only the queue forgets.
grant select, insert on engine_message, engine_event to sofy_web;
grant select, insert, update on engine_state, gate_permission, gate_client, gate_campaign, lane_backlog to sofy_web;
grant select, insert, update, delete on engine_queue to sofy_web;
grant select on engine_inbound to sofy_web;
grant insert, update, delete on engine_route to sofy_staff;
grant update on gate_client to sofy_staff;
create policy gate_client_staff_update on gate_client for update to sofy_staff
    using (current_setting('sofy.staff', true) = 'on') with check (current_setting('sofy.staff', true) = 'on');

-- Clients see what a route is called, costs and answers to, never how it is reached.
create policy engine_route_catalogue on engine_route for select to sofy_web using (state <> 'draining');
grant select (id, code, name, channel, short_code, purposes, encodings, price_eur, state) on engine_route to sofy_web;
