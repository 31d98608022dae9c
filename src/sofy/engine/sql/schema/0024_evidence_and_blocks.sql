-- A lost point says when it left after all; staff closes a range of numbers by hand (CGVU 15).

alter table service_lost add column left_at timestamptz;
comment on column service_lost.left_at is 'When it was handed over, when it was';

alter table gate_fraud add column digits smallint check (digits between 1 and 9);
comment on column gate_fraud.digits is
    'Closed by hand: how many signs of a number the hash is of, 1 for every number. Empty: a range of the detector';

alter table fraud_suspicion add column digits smallint check (digits between 1 and 9), add column note text;
comment on column fraud_suspicion.digits is 'As in gate_fraud';
comment on column fraud_suspicion.note is 'Why staff closed it by hand, in words that the client reads';

grant insert on fraud_suspicion, gate_fraud to sofy_staff;
