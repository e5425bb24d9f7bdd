"""The ledger in Python: one method per command; every answer is a documented value or a table."""

from provenance.ledger.audit_files import audit_files
from provenance.ledger.ledger import Ledger, init, open  # noqa: A004 - provenance.open(url)

__all__ = ["Ledger", "audit_files", "init", "open"]
