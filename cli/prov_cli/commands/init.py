"""The command ``prov init``: create an empty ledger."""

from __future__ import annotations

from prov_cli.options import Session, command


@command("init")
def init(session: Session) -> None:
    """Create a ledger at ./.prov, or at --ledger."""
    import provenance

    ledger = provenance.init(session.url)
    session.answer({"ledger": ledger.url}, lambda: f"created a ledger at {ledger.url}")
