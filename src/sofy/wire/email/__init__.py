"""E-mail: MIME, DKIM, SMTP as a client, and what mail servers say about mails that came back."""
