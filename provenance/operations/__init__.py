"""The operations of a ledger: the only place where the rooms meet."""
