"""Readers of SQLite and DuckDB tables."""
