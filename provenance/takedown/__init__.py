"""Takedowns: revoke what has to go, restore it, or purge it for good."""

from provenance.takedown.events import follow, plan_revocation, restore, revoke, said
from provenance.takedown.naming import digest_of, uri_of_file
from provenance.takedown.purge import purge

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
