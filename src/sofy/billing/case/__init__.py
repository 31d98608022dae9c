"""The time machine: a contract and what happened to it, replayed to any day, without a database."""
