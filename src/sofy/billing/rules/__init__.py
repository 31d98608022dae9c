"""Money rules: values in, values out. One file per rule, independent of one another and of Django."""
