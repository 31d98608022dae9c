"""What clients receive on paper: invoices, and what is sent and kept when they are not paid."""
