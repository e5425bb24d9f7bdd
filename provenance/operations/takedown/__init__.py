"""Takedowns: revoke what has to go, restore it, or purge it for good."""

from provenance.operations.takedown.arguments import digest_of, uri_of_file
from provenance.operations.takedown.purge import purge
from provenance.operations.takedown.revocations import (
    follow,
    plan_revocation,
    restore,
    revoke,
    said,
)

__all__ = [
    "digest_of",
    "follow",
    "plan_revocation",
    "purge",
    "restore",
    "revoke",
    "said",
    "uri_of_file",
]
