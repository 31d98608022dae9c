-- What clients' programs asked to be told, and what they are still to be told: written with the step itself.

create table gate_endpoint (
    client_id        uuid not null,
    id               uuid not null,
    kind             text not null check (kind in ('webhook', 'smpp')),
    events           text[] not null default '{}',
    state            text not null default 'active' check (state in ('active', 'disabled', 'off')),
    url              bytea,
    secret           bytea,
    old_secret       bytea,
    old_secret_until timestamptz,
    batch            smallint not null default 1 check (batch between 1 and 500),
    created_at       timestamptz not null,
    disabled_at      timestamptz,
    disabled_because text,
    failing_since    timestamptz,
    resting_until    timestamptz,
    claimed_by       uuid,
    lease_until      timestamptz,
    primary key (client_id, id)
) with (fillfactor = 70);
comment on table gate_endpoint is
    'Who of a client is told what happens: its webhooks, and its SMPP accounts, of which only client_id, id, kind and state count.';
comment on column gate_endpoint.events is 'Types a webhook is told, as message.delivered; empty: all of them';
comment on column gate_endpoint.state is
    'disabled: nothing is told, and what there is to tell is kept for a while; off: nothing is kept either';
comment on column gate_endpoint.url is 'Sealed under the client key, as secret and old_secret';
comment on column gate_endpoint.claimed_by is 'The process that tells this webhook, until lease_until by the clock of the database';
create index gate_endpoint_turn on gate_endpoint (lease_until nulls first) where kind = 'webhook' and state = 'active';
comment on column gate_endpoint.failing_since is 'Nothing it was told came through since; it is left alone until resting_until';

create table engine_notice (
    client_id    uuid not null,
    endpoint_id  uuid not null,
    id           bigint generated always as identity,
    message_id   uuid,
    inbound_id   uuid,
    kind         text not null,
    at           timestamptz not null,
    submitted_at timestamptz,
    data         jsonb,
    attempt      smallint not null default 0,
    due_at       timestamptz,
    claimed_by   uuid,
    lease_until  timestamptz,
    primary key (client_id, endpoint_id, id)
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
comment on table engine_notice is
    'What an endpoint is still to be told. Of one message, a later step has a greater id. It leaves when it is told, or taken by the process that tells it.';
comment on column engine_notice.kind is
    'A status of message_id; inbound, with inbound_id and the message it answers; or a whole type with its data';
comment on column engine_notice.submitted_at is 'Filled where the message was handed over with the same write: the row stands for that step too';
comment on column engine_notice.attempt is 'For those who tell row by row, as due_at, claimed_by and lease_until';

create table engine_delivery (
    client_id    uuid not null,
    endpoint_id  uuid not null,
    id           uuid not null,
    kinds        text[] not null,
    ats          timestamptz[] not null,
    orders       bigint[] not null,
    messages     uuid[] not null,
    inbounds     uuid[],
    data         jsonb[],
    state        text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
    attempt      smallint not null default 0,
    since        timestamptz not null,
    due_at       timestamptz not null,
    attempted_at timestamptz,
    answer       smallint,
    problem      text,
    latency_ms   integer,
    primary key (client_id, endpoint_id, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
comment on table engine_delivery is
    'What a webhook is told by one request, under the id it carries each time; kept for a month. Its words are made of the messages anew.';
comment on column engine_delivery.kinds is 'Of each event, as in engine_notice; ats, orders, messages, inbounds and data too';
comment on column engine_delivery.since is 'When it was made, or asked for again: three days after, it is given up';
comment on column engine_delivery.answer is 'The status of the last answer; problem says why there was none';
create index engine_delivery_open on engine_delivery (client_id, endpoint_id, due_at) where state = 'waiting';

alter table engine_state add column account_id uuid, add column receipt smallint;
comment on column engine_state.account_id is 'The SMPP account that submitted it';
comment on column engine_state.receipt is 'What that account wants to hear: 1 how it ended, 2 if badly, 3 if well; as in registered_delivery';

do $$
declare t text;
begin
    foreach t in array array['gate_endpoint', 'engine_notice', 'engine_delivery'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff', t);
        execute format($p$create policy %I on %I to sofy_web
            using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
            with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)$p$, t || '_client', t);
        execute format('grant select, insert, update, delete on %I to sofy_web', t);
    end loop;
end $$;
grant select, update, delete on gate_endpoint to sofy_engine;
grant select, insert, update, delete on engine_notice, engine_delivery to sofy_engine;
