"""Exchange lineage with other tools: PROV, OpenLineage, GraphML, DOT, Mermaid and HTML."""
