-- Every channel goes the way of SMS: the same tables, the same gate, another connector.

alter table engine_message
    drop constraint engine_message_encoding_check,
    add constraint engine_message_encoding_check check (encoding in ('gsm7', 'ucs2', 'latin1', 'utf8')),
    add constraint engine_message_channel_check check (channel in ('sms', 'rcs', 'whatsapp', 'email')),
    add column answers uuid,
    add column head_id uuid;
comment on column engine_message.payload is '{"to","text","content"} sealed under the client key';
comment on column engine_message.short_code is
    'where the recipient answers: a short code, an RCS agent, a WhatsApp number; empty: nowhere';
comment on column engine_message.answers is 'the message of the person (engine_inbound) that this one answers: a service message';
comment on column engine_message.head_id is 'the first rung of its ladder, which is the message its sender knows; empty: that one, or no ladder';

-- Each channel has lanes of its own: a number that may say eighty things a second holds up no SMS.
alter table engine_queue
    drop constraint engine_queue_lane_check,
    add constraint engine_queue_lane_check check (lane in ('alert', 'marketing', 'alert.rcs', 'marketing.rcs',
        'alert.whatsapp', 'marketing.whatsapp', 'alert.email', 'marketing.email'));
alter table engine_claim
    drop constraint engine_claim_lane_check,
    add constraint engine_claim_lane_check check (lane in ('alert', 'marketing', 'alert.rcs', 'marketing.rcs',
        'alert.whatsapp', 'marketing.whatsapp', 'alert.email', 'marketing.email'));

alter table engine_route add column client_id uuid;
comment on column engine_route.client_id is 'whose route it is: its own agent, number or domain; empty: everybody''s';
comment on column engine_route.short_code is 'where people answer: a short code, an RCS agent, a WhatsApp number';

drop policy engine_route_catalogue on engine_route;
create policy engine_route_catalogue on engine_route for select to sofy_web using (
    state <> 'draining' and (client_id is null or client_id = nullif(current_setting('sofy.client_id', true), '')::uuid));

alter table gate_client add column channels_off text[] not null default '{}';
comment on column gate_client.channels_off is 'Channels this client does not want its messages to take';

alter table gate_sender add column channel text not null default 'sms';
alter table gate_sender drop constraint gate_sender_pkey, add primary key (client_id, channel, name);

alter table engine_inbound
    add column channel text not null default 'sms',
    add column supplier_id text,
    alter column message_id drop not null;
comment on column engine_inbound.payload is '{"from","text","kind","detail"} sealed';
comment on column engine_inbound.supplier_id is 'the channel''s own name for it; empty where it has none (SMS)';
create unique index engine_inbound_once on engine_inbound (client_id, route_id, supplier_id) where supplier_id is not null;
create index engine_inbound_recipient on engine_inbound (client_id, recipient_index);

create table gate_establishment (
    client_id uuid not null,
    id        uuid not null,
    code      text not null default '',
    primary key (client_id, id)
);
comment on table gate_establishment is 'Points of sale as programs name them; clients writes them with its own row.';
create index gate_establishment_code on gate_establishment (client_id, code) where code <> '';

-- What suppliers call back with: stored as it came before they are answered, read by an engine, gone.
create table engine_callback (
    id          uuid primary key,
    route_id    uuid not null,
    body        bytea not null,
    at          timestamptz not null,
    tries       smallint not null default 0,
    lease_until timestamptz not null default '-infinity'
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
comment on table engine_callback is 'Callbacks of suppliers that no engine has read yet. body is sealed under an entity key.';
create index engine_callback_lease on engine_callback (lease_until, id);

-- A message that may take several channels: its rungs in order. The first is the message that its sender knows.
create table engine_ladder (
    client_id   uuid not null,
    head_id     uuid not null,
    rung        smallint not null,
    channel     text not null,
    message_id  uuid,
    payload     bytea not null,
    insist      boolean not null default false,
    deadline_at timestamptz,
    primary key (client_id, head_id, rung)
);
comment on table engine_ladder is 'What is tried, one channel after the other, until one reaches the person. A rung has a message once it was begun.';
comment on column engine_ladder.payload is 'what the rung sends and for how long it is tried, sealed under the client key';
comment on column engine_ladder.insist is
    'after the deadline the next rung is tried even where the person may have got this one: twice is better than never';
comment on column engine_ladder.deadline_at is 'the supplier must have taken the message until then, else the next rung is tried; known once it was begun';
create unique index engine_ladder_message on engine_ladder (client_id, message_id) where message_id is not null;
create index engine_ladder_deadline on engine_ladder (deadline_at) where deadline_at is not null;

alter table engine_state
    add column rung smallint not null default 0,
    add column superseded boolean not null default false;
comment on column engine_state.superseded is 'the next rung of its ladder was begun';
drop index engine_state_once_per_campaign;
create unique index engine_state_once_per_campaign on engine_state (client_id, recipient_index, campaign_id, rung);
alter table gate_client add column ladder jsonb;
comment on column gate_client.ladder is 'The channels that auto takes, in order: [{"channel", "after_s"}]; empty: RCS, then SMS';

create table engine_ladder_step (
    client_id  uuid not null,
    message_id uuid not null,
    at         timestamptz not null,
    primary key (client_id, message_id)
);
comment on table engine_ladder_step is 'Rungs that led nowhere, written with the status that says so; an engine begins the next one.';

do $$
declare t text;
begin
    foreach t in array array['engine_callback', 'engine_ladder', 'engine_ladder_step'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff', t);
        execute format('grant select, insert, update, delete on %I to sofy_engine', t);
        execute format('create policy %I on %I to sofy_engine using (true) with check (true)', t || '_engine', t);
    end loop;
    foreach t in array array['engine_ladder', 'engine_ladder_step', 'gate_establishment'] loop
        execute format($p$create policy %I on %I to sofy_web
            using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
            with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)$p$, t || '_client', t);
        execute format('grant select, insert on %I to sofy_web', t);
    end loop;
    alter table gate_establishment enable row level security;
    alter table gate_establishment force row level security;
    revoke all on gate_establishment from sofy_staff;
    grant update, delete on gate_establishment to sofy_web;
    grant select on gate_establishment to sofy_engine;
end $$;
