-- Templates as the API fills them, and what programs asked of it lately.

create table gate_template (
    client_id uuid not null,
    code      text not null,
    channel   text not null,
    id        uuid not null,
    purpose   text not null,
    version   integer not null,
    state     text not null,
    content   bytea not null,
    primary key (client_id, code, channel)
);
comment on table gate_template is
    'Contents with places, sealed under the client key for the row id; messaging writes them with its own row.';
comment on column gate_template.state is 'ready, or where it stands at WhatsApp: pending, rejected, paused...';

create table engine_request_log (
    client_id  uuid not null,
    id         uuid not null,
    at         timestamptz not null,
    key_id     uuid not null,
    method     text not null,
    path       text not null,
    status     smallint not null,
    code       text,
    latency_us integer not null,
    primary key (client_id, id)
);
comment on table engine_request_log is
    'What programs asked of the API, for their developers: the address as it is described, never what was sent. A sample when there is much; kept seven days.';
create index engine_request_log_at on engine_request_log using brin (at);

do $$
declare t text;
begin
    foreach t in array array['gate_template', 'engine_request_log'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff, sofy_engine', t);
        execute format($p$create policy %I on %I to sofy_web
            using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
            with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)$p$, t || '_client', t);
    end loop;
end $$;
grant select, insert, update, delete on gate_template to sofy_web;
grant select on gate_template to sofy_engine;
grant select on engine_request_log to sofy_web;
grant select, insert, delete on engine_request_log to sofy_engine;
