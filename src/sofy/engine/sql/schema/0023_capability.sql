-- Which phones show RCS, as the supplier last said: one memory for all engines, and for who counts before a launch.

create table engine_capability (
    client_id       uuid not null,
    recipient_index bytea not null,
    agent           text not null,
    capable         boolean not null,
    features        text[] not null default '{}',
    known_at        timestamptz not null,
    until           timestamptz not null,
    primary key (client_id, recipient_index, agent)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
comment on table engine_capability is
    'What suppliers said of the phones of a client''s people, per agent; believed until it is too old, then forgotten.';
comment on column engine_capability.agent is 'as engine_route.short_code: the agent that was asked for';
comment on column engine_capability.features is 'What the phone can show, where it was asked alone; empty: not known';
comment on column engine_capability.until is 'known_at and the age that the route believes (capability_age_s)';
create index engine_capability_until on engine_capability (until);

alter table engine_capability enable row level security;
alter table engine_capability force row level security;
revoke all on engine_capability from sofy_web, sofy_staff;
grant select, insert, update, delete on engine_capability to sofy_engine;
create policy engine_capability_engine on engine_capability to sofy_engine using (true) with check (true);
create policy engine_capability_client on engine_capability to sofy_web
    using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
    with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid);
grant select on engine_capability to sofy_web;
