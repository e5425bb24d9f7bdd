"""Assemble, seal, inspect and export releases."""
