"""Where the house is put together: settings, processes, the `sofy` command, the embedded PostgreSQL."""
