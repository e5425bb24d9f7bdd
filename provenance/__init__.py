"""Record-level provenance, lineage and synthetic-data budgets for training sets.

Examples:
    >>> import provenance, tempfile
    >>> ledger = provenance.init(tempfile.mkdtemp())
    >>> ledger.status().records
    0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provenance.ledger import Ledger, init, open  # noqa: A004 - provenance.open(url)

__all__ = ["Ledger", "init", "open"]


def __getattr__(name: str) -> Any:
    """Load the ledger when it is first asked for: the program's help must not wait for it."""
    if name in __all__:
        from provenance import ledger

        return getattr(ledger, name)
    raise AttributeError(f"module 'provenance' has no attribute {name!r}")
