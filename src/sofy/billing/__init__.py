"""Contract to cash: what is invoiced, why, when it is due, and what happens when it is not paid."""
