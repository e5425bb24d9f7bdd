"""W3C PROV documents."""
