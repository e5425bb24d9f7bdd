"""Read WARC, WET and ARC web archives."""
