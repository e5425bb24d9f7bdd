"""Ingest: files in, records with their evidence into the ledger."""

from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.run import ingest
from provenance.operations.ingest.summary import IngestSummary

__all__ = ["IngestOptions", "IngestSummary", "ingest"]
