"""Derive evidence along the lineage graph after commits."""
