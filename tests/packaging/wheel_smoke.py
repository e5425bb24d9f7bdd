"""Try the installed wheel: the compiled library loads, and the program does its whole job.

Run by a Python that has the wheel and nothing of this checkout:
``python -I tests/packaging/wheel_smoke.py [--pure]``.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from importlib.metadata import files
from pathlib import Path

DISTRIBUTION = "prov-ledger"


def main(*, pure: bool) -> None:
    """Fail where the wheel lacks its library, or a pure one has any, or where the demo fails."""
    libraries = [file for file in files(DISTRIBUTION) or () if file.suffix == ".so"]
    if pure == bool(libraries):
        sys.exit(f"compiled libraries in the installation: {libraries or 'none'}")
    for library in libraries:
        ctypes.CDLL(str(library.locate()))
    prov = Path(sys.executable).with_name("prov")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "demo" / "report.html"
        subprocess.run([prov, "demo", "--no-open", "-q", "--to", report.parent], check=True)
        if not report.is_file():
            sys.exit(f"the demo wrote no report: {report}")


if __name__ == "__main__":
    main(pure="--pure" in sys.argv[1:])
