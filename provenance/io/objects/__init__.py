"""Access objects in stores and on the web: names, credentials and transfer."""

from provenance.io.objects.access import Access, s3_access
from provenance.io.objects.naming import STORES, Location, StoredObject, is_url, parse_url
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
    "Location",
    "StoredObject",
    "download",
    "find",
    "first_bytes",
    "is_url",
    "listing",
    "parse_url",
    "read",
    "remove",
    "s3_access",
    "upload",
]
