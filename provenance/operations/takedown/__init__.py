"""Takedowns: revoke records, restore them, or purge what is kept of them."""

from provenance.operations.takedown.arguments import build_takedown, digest_of, uri_of_file
from provenance.operations.takedown.purge import purge
from provenance.operations.takedown.revocations import (
    follow,
    plan_revocation,
    restore,
    revoke,
)

__all__ = [
    "build_takedown",
    "digest_of",
    "follow",
    "plan_revocation",
    "purge",
    "restore",
    "revoke",
    "uri_of_file",
]
