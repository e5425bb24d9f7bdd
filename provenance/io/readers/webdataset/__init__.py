"""Readers of WebDataset shards."""
