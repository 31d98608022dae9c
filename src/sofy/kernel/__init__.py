"""The pure core: values in, values out; no file, network, database or environment access."""
