"""Send OpenLineage events, one a line, to the backend that OPENLINEAGE_URL names.

python send_events.py EVENTS...
"""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path


def send(path: str, url: str) -> int:
    """Post every event of a file; how many. An answer that is no success is an error."""
    events = Path(path).read_bytes().splitlines()
    for event in events:
        request = urllib.request.Request(  # noqa: S310 - the backend that the user names
            f"{url.rstrip('/')}/api/v1/lineage",
            data=event,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            pass
    return len(events)


if __name__ == "__main__":
    for file in sys.argv[1:]:
        print(f"sent {send(file, os.environ['OPENLINEAGE_URL'])} events of {file}")  # noqa: T201
