"""The contracts: frozen, validated once at a door, published as JSON Schemas."""
