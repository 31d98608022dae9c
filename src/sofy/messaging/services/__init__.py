"""What people change in messaging: senders and routes."""
