"""Read, check and write W3C PROV documents."""
