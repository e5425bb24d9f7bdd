"""Set up a process of this program: without pandas, and with one thread for linear algebra."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import ModuleType


class _WithoutPandas:
    """pyarrow imports pandas, where there is one, before it makes its first array of a list.

    That takes longer than all other imports together, and 50 MB, in every process.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Report that pandas is not installed."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not used here", name=name)


def bootstrap() -> None:
    """Set this process up before it imports a library; for programs of their own only.

    ``prov`` and its worker processes call it. An ``import pandas`` fails from then on, which saves
    its start-up time and 50 MB, and NumPy starts one thread for linear algebra: by default it
    starts one per processor, and each waits in a busy loop.
    """
    if _WithoutPandas not in sys.meta_path:
        sys.meta_path.insert(0, _WithoutPandas)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
