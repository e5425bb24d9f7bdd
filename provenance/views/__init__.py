"""The SQL views of a ledger, and the materialised ones."""
