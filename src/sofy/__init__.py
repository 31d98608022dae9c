"""Sofy: local marketing and mobile messaging for shops and chains."""
