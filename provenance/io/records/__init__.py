"""Records in rows: which fields are content, and batches built of them."""
