"""A simulated Meta: the Cloud API of WhatsApp on loopback."""
