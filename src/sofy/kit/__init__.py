"""What every Django app of the house uses: row-level security, sealed fields, audit chain, outbox, jobs."""
