"""The operator's customers: clients, their establishments, the people who work in them and what they may do."""
