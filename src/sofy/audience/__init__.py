"""Contact books, identities, consent, suppression, imports and segments."""
