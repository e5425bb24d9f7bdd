"""Compile the one loop that is worth it, where there is a compiler; without one all works alike."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "provenance/content/fold.c"
LIBRARY = "provenance/content/fold.so"


class Fold(BuildHookInterface):
    """Puts a library beside its source, and into a wheel, which then is of this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before a wheel is built, or the checkout installed in place."""
        root = Path(self.root)
        if not compiled(root / SOURCE, root / LIBRARY):
            self.app.display_warning("nothing was compiled: prov will ingest more slowly")
            return
        build_data["artifacts"].append(LIBRARY)
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"  # it knows nothing of Python


def compiled(source: Path, library: Path) -> bool:
    """Whether the library could be made; who has the former one open keeps it."""
    compiler = compiler_command()
    if not compiler:
        return False
    made = library.with_name(f".{library.name}.{os.getpid()}")
    command = [*compiler, "-O3", "-shared", "-fPIC", "-o", str(made), str(source)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 (ours)
    if done.returncode == 0:
        made.replace(library)
    return done.returncode == 0


def compiler_command() -> list[str]:
    """The command of ``CC``, else the first compiler found; empty where there is none."""
    named = shlex.split(os.environ.get("CC", ""))
    candidates = [named] if named else [["cc"], ["gcc"], ["clang"]]
    return next((command for command in candidates if shutil.which(command[0])), [])
