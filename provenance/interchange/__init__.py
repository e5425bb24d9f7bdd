"""Lineage in the formats of others: PROV, OpenLineage, GraphML, DOT, Mermaid and HTML."""
