"""Readers of web archives."""
