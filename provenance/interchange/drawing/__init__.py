"""Drawings of lineage as text and HTML."""
