"""Read and write OpenLineage events."""
