-- The operator's staff fill the list of numbers nobody may write to, file by file. A number stays on it as long as one
-- file names it, so that a file brought in by mistake can be taken back without letting anybody else go.

alter table platform_suppression drop column source;
alter table platform_suppression add column files uuid[] not null default '{}';
comment on table platform_suppression is
    'Numbers and addresses nobody may write to (regulator lists), as keyed hashes under the platform key.';
comment on column platform_suppression.files is 'The files that name it (messaging_stopfile)';

-- Staff write it; the engine reads it at each hand-over; the login that serves clients has no right to it at all.
create policy platform_suppression_staff on platform_suppression to sofy_staff
    using (current_setting('sofy.staff', true) = 'on') with check (current_setting('sofy.staff', true) = 'on');
grant select, insert, update, delete on platform_suppression to sofy_staff;
