"""The ledger on disk: layout, tables, the one write path, the catalogue."""
