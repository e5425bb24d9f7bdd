"""Import lineage of other tools: edge tables, PROV documents, OpenLineage events."""
