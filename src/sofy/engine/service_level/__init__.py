"""How many messages reached the gateways of operators in time (CGVU 28): rules, and the count from the ledger."""
