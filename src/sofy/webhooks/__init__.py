"""What clients' programs are told: webhooks."""
