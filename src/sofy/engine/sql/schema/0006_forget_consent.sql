-- A consent nobody can prove any more counts no longer: the owner's function that forgets proofs takes its permission
-- away too. A refusal is never taken away.

create policy gate_permission_owner_read on gate_permission for select to sofy_owner using (true);
create policy gate_permission_owner_forget on gate_permission for delete to sofy_owner using (state <> 'opposed');
