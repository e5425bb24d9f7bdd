"""Objects in stores and on the web: named, reached with the usual credentials, moved."""

from provenance.io.objects.access import Access, s3_access
from provenance.io.objects.naming import STORES, Place, Stored, is_url, parse
from provenance.io.objects.transfer import (
    download,
    find,
    first_bytes,
    listing,
    read,
    remove,
    upload,
)

__all__ = [
    "STORES",
    "Access",
    "Place",
    "Stored",
    "download",
    "find",
    "first_bytes",
    "is_url",
    "listing",
    "parse",
    "read",
    "remove",
    "s3_access",
    "upload",
]
