"""Compact data files, and vacuum those that were replaced."""
