"""Lineage of others into the ledger: edge files, PROV documents, OpenLineage events."""
