"""Judge a ledger, a selection or files against a policy."""
