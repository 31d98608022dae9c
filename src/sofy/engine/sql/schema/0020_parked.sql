-- Receipts nobody can place are tried again less and less often, each by one engine at a time.

alter table receipt_parked add column tries smallint not null default 0;
alter table receipt_parked add column lease_until timestamptz not null default '-infinity';
comment on column receipt_parked.lease_until is 'Until when nobody looks for its message, on the clock of the database';
create index receipt_parked_lease on receipt_parked (lease_until);

comment on column receipt_key.status is
    'What was told of the part; "again": nobody answered this hand-over, and the message left once more';
