"""Readers of JSON lines and JSON documents."""
