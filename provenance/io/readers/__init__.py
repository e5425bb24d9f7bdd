"""Read files of each format into batches and rejects; nothing is dropped silently."""
