-- What fraud and the misuse of the alert lane are judged by, and what staff decided. No number is here: a range of numbers
-- is a hash under the platform key, and samples are ids of messages, which staff open with an entry in the journal.

create table fraud_setting (
    id          smallint primary key default 1 check (id = 1),
    enforce     boolean not null default true,
    fiction     boolean not null default false,
    analyser    uuid,
    lease_until timestamptz not null default '-infinity'
);
comment on table fraud_setting is 'One row, or none when nobody changed anything. enforce false: everything is judged and shown, nothing is stopped (fail open).';
comment on column fraud_setting.fiction is 'Whether numbers that nobody has are judged too, for training';
comment on column fraud_setting.analyser is 'The engine that looks at traffic at present, until lease_until by the clock of the database';

create table gate_fraud (
    client_id     uuid not null,
    purpose       text not null check (purpose in ('marketing', 'alert')),
    range_hash    bytea not null,
    verdict       text not null check (verdict in ('hold', 'block')),
    suspicion_id  uuid not null,
    until         timestamptz not null,
    primary key (client_id, purpose, range_hash)
);
comment on table gate_fraud is 'Ranges of numbers of a client that are held or closed, until a moment. The gate of every engine reads it each second.';

create table fraud_suspicion (
    client_id    uuid not null,
    id           uuid not null,
    purpose      text not null,
    range_hash   bytea not null,
    open_digits  smallint not null,
    country      text not null,
    verdict      text not null check (verdict in ('hold', 'block')),
    score        real not null,
    reasons      jsonb not null,
    series       integer[] not null default '{}',
    messages     integer not null default 0,
    samples      uuid[] not null default '{}',
    state        text not null default 'open' check (state in ('open', 'confirmed', 'released')),
    until        timestamptz not null,
    first_at     timestamptz not null,
    last_at      timestamptz not null,
    alert_due_at timestamptz not null,
    alerted_at   timestamptz,
    alerted      smallint not null default 0,
    closed_at    timestamptz,
    closed_by    text,
    primary key (client_id, id)
);
comment on table fraud_suspicion is 'What the detector noticed, with its evidence, and what people did about it.';
comment on column fraud_suspicion.open_digits is 'How many digits of its numbers differ: 3, 4 or 6; 0 for a whole country';
comment on column fraud_suspicion.alert_due_at is 'CGVU 15: 24 business hours after first_at';
create unique index fraud_suspicion_open on fraud_suspicion (client_id, purpose, range_hash) where state = 'open';

create table fraud_safe (
    client_id  uuid not null,
    range_hash bytea not null,
    digits     smallint not null,
    reason     text not null,
    since      timestamptz not null,
    since_by   text not null,
    primary key (client_id, range_hash)
);
comment on table fraud_safe is 'Ranges never judged; the client of all zeros stands for all of them. digits: how many the hash is of.';

create table gate_misuse (
    client_id  uuid not null,
    text_hash  bytea not null,
    verdict    text not null default 'held' check (verdict in ('held', 'released', 'refused')),
    score      real not null,
    reasons    jsonb not null,
    messages   integer not null default 0,
    samples    uuid[] not null default '{}',
    first_at   timestamptz not null,
    last_at    timestamptz not null,
    told_at    timestamptz,
    decided_at timestamptz,
    decided_by text,
    primary key (client_id, text_hash)
);
comment on table gate_misuse is
    'Texts of the alert lane that read like marketing (CGVU 14.2). text_hash is keyed by the client, of the text without what differs from one person to the next.';

do $$
declare t text;
begin
    foreach t in array array['gate_fraud', 'fraud_suspicion', 'fraud_safe', 'gate_misuse', 'fraud_setting'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('revoke all on %I from sofy_web, sofy_staff, sofy_engine', t);
        execute format('grant select, insert, update, delete on %I to sofy_engine', t);
        execute format('grant select on %I to sofy_staff', t);
        execute format($p$create policy %I on %I to sofy_staff using (current_setting('sofy.staff', true) = 'on')
            with check (current_setting('sofy.staff', true) = 'on')$p$, t || '_staff', t);
    end loop;
    foreach t in array array['fraud_safe', 'fraud_setting'] loop
        execute format('create policy %I on %I to sofy_engine using (true) with check (true)', t || '_engine', t);
    end loop;
    foreach t in array array['fraud_suspicion', 'gate_misuse'] loop
        execute format($p$create policy %I on %I to sofy_web
            using (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)
            with check (client_id = nullif(current_setting('sofy.client_id', true), '')::uuid)$p$, t || '_client', t);
        execute format('grant select on %I to sofy_web', t);
        execute format('grant update on %I to sofy_staff', t);
    end loop;
end $$;
grant update (alerted_at, alerted) on fraud_suspicion to sofy_web;
grant update (told_at) on gate_misuse to sofy_web;
grant insert, update (enforce, fiction) on fraud_setting to sofy_staff;
grant update, delete on gate_fraud to sofy_staff;
grant insert, delete on fraud_safe to sofy_staff;
