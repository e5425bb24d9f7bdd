"""Choose the content fields of records, and build batches of records."""
