"""Draw small lineage graphs as text and as HTML pages."""
