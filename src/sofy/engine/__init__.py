"""The message hot path: intake, compliance gate, routing, lanes, receipts, status ledger and spool. No Django here."""
