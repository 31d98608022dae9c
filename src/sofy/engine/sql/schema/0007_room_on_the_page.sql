-- What a message becomes is wider than what it was when it came in (route, moments, code): with half of each page free, the
-- last fifth of a page's rows found no room on it, and each of those was written anew into every index.

alter table engine_state set (fillfactor = 45);
