-- What the API must know of a client's programs, and what it answered them.

create table gate_api_key (
    client_id    uuid not null,
    id           uuid not null,
    digest       bytea not null,
    scopes       text[] not null,
    networks     cidr[] not null default '{}',
    per_10s      integer not null default 100000 check (per_10s > 0),
    revoked_at   timestamptz,
    last_used_at timestamptz,
    primary key (client_id, id),
    unique (client_id, digest)
) with (fillfactor = 80);
comment on table gate_api_key is 'API keys as the process that answers them reads them; accounts writes them with its own row.';
comment on column gate_api_key.networks is 'From where the key may be used; empty: from anywhere';
comment on column gate_api_key.per_10s is 'How many requests each process answers in ten seconds';
comment on column gate_api_key.last_used_at is 'To the minute';

create table gate_sender (
    client_id uuid not null,
    name      text not null,
    primary key (client_id, name)
);
comment on table gate_sender is 'Names that messages of a client may show; messaging writes them with its own row.';

create table engine_request (
    client_id   uuid not null,
    key_id      uuid not null,
    name        bytea not null,
    fingerprint bytea not null,
    status      smallint not null,
    answer      text not null,
    at          timestamptz not null,
    primary key (client_id, name)
);
comment on table engine_request is
    'Requests that carried an Idempotency-Key (name: hash of it and of the API key) and their answers, written with the messages, kept 24 hours.';
create index engine_request_at on engine_request using brin (at);

create index engine_message_reference on engine_message (client_id, reference, id) where reference is not null;

do $$
declare t text;
begin
    foreach t in array array['gate_api_key', 'gate_sender'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff', t);
        execute format($p$create policy %I on %I to sofy_web
            using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
            with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)$p$, t || '_client', t);
        execute format('grant select on %I to sofy_engine', t);
    end loop;
end $$;
grant update (last_used_at) on gate_api_key to sofy_engine;
grant select, insert, update on gate_api_key to sofy_web;
grant select, insert, delete on gate_sender to sofy_web;

alter table engine_request enable row level security;
alter table engine_request force row level security;
revoke all on engine_request from sofy_web, sofy_staff;
grant select, insert, update, delete on engine_request to sofy_engine;
create policy engine_request_engine on engine_request to sofy_engine using (true) with check (true);
