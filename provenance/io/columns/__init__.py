"""Convert Arrow columns: supported types, sizes, text and JSON."""
