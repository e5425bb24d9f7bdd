"""Files in, batches and rejects out: one format per module, nothing dropped silently."""
