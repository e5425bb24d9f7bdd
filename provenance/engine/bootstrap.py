"""Set up the program's own processes before other imports: no pandas, one BLAS thread."""

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


sys.meta_path.insert(0, _WithoutPandas)

# NumPy would start a thread per processor for linear algebra, and each would wait in a busy loop.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
