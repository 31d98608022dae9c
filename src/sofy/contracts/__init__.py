"""What was signed: order forms, documents, terms, quotas, notices, access and ends."""
