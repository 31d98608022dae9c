"""Rules of late payers: values in, values out."""
