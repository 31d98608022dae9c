"""Contract rules: values in, values out, without Django."""
