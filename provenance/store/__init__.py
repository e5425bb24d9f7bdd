"""Store a ledger: its layout, tables, data files, catalog, commits and snapshots."""
