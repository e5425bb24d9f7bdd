"""Findings about a set of records."""
