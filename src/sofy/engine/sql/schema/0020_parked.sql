-- Receipts nobody can place are tried again less and less often, each by one engine at a time.

alter table receipt_parked add column tries smallint not null default 0;
alter table receipt_parked add column due_at timestamptz not null default clock_timestamp();
comment on column receipt_parked.due_at is 'When to look for its message again, on the clock of the database';
create index receipt_parked_due on receipt_parked (due_at);

comment on column receipt_key.status is
    'What was told of the part; "again": nobody answered this hand-over, and the message left once more';
