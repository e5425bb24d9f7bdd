"""Arrow columns: their types, their sizes, their values as text."""
