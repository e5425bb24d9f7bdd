"""Judge a ledger, a release or files against a policy."""
