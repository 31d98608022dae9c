"""Pages of contracts: of staff (entities, order forms, records) and of a client (what it signed and uses)."""
