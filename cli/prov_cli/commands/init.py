"""``prov init``."""

from __future__ import annotations

from prov_cli.options import Session, command


@command("init")
def init(session: Session) -> None:
    """Make a ledger at ./.prov, or where --ledger says."""
    import provenance

    ledger = provenance.init(session.url)
    session.answer({"ledger": ledger.url}, lambda: f"made a ledger at {ledger.url}")
