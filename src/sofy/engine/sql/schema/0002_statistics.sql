-- Two tables that fill and empty all day. Analysed when one row was left, they would make the planner believe that each
-- client (each route) has one row, and walk all of a campaign instead of looking up the rows it was given.

alter table engine_queue alter column client_id set (n_distinct = 1);
alter table receipt_key alter column route_id set (n_distinct = 1);
