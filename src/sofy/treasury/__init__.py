"""Money in: bank files and what they pay, mandates, debits, what a person has to decide."""
