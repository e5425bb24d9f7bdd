"""Ingest: files in, records with their evidence into the ledger."""

from provenance.ingest.options import IngestOptions
from provenance.ingest.run import ingest
from provenance.ingest.summary import IngestSummary

__all__ = ["IngestOptions", "IngestSummary", "ingest"]
