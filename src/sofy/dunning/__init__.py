"""Late payers: reminders, formal notices and their proof, suspension and its end, promises and disputes."""
