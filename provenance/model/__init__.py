"""Define the contracts: immutable pydantic models, validated on entry, with JSON Schemas."""
