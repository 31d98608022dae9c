"""What SEPA says of characters, identifiers, addresses and payment codes, whatever the message."""
