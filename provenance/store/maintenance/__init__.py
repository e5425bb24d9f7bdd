"""Compaction and vacuum of a ledger's files."""
