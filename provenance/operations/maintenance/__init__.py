"""Compact, migrate and verify a ledger."""
