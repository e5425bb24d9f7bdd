"""Define the SQL views of a ledger, and materialise those that are slow to compute."""
