"""Print the packages of this environment whose versions are not those of a locked file.

python .ci/differing.py requirements/test.txt
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

LOCKED: dict[str, set[str]] = {}
for name, version in re.findall(r"^(\S+)==(\S+)", Path(sys.argv[1]).read_text(), re.MULTILINE):
    LOCKED.setdefault(name, set()).add(version)

for name, version in sorted(
    (re.sub(r"[-_.]+", "-", found.name).lower(), found.version) for found in distributions()
):
    if name not in {"pip", "setuptools", "prov-ledger"} and version not in LOCKED.get(name, ()):
        print(f"  {name} {version}, not {' or '.join(sorted(LOCKED.get(name, {'there'})))}")
