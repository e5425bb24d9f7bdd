"""Lance data sets, fragment by fragment, as their newest version has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from provenance.errors import InputError
from provenance.readers.base import Input
from provenance.readers.columnar import Columnar, Rows, require_plain
from provenance.readers.columns import ARROW_FAILURES, failure_reason
from provenance.readers.extras import needed
from provenance.readers.schema import shape_of


class Lance(Columnar):
    """Reader of the files below ``data`` in the folder of a Lance data set.

    Rows that were deleted stay away, and so does a file that is of older versions alone. Where
    columns were added later, the rows are those of the first file of their fragment.
    """

    names: ClassVar[Sequence[str]] = ("lance",)
    failures: ClassVar[tuple[type[Exception], ...]] = (*ARROW_FAILURES, ValueError, RuntimeError)

    @contextmanager
    def opened(self, source: Input, records: str | None) -> Iterator[Rows]:
        """The rows of the fragment that a file begins; ``records`` is not for this format."""
        lance = needed("lance", "lance", "Lance data sets")
        require_plain(source, "a Lance file")
        folder = source.path.parent
        if folder.name != "data" or not (folder.parent / "_versions").is_dir():
            raise InputError(
                f"{source.uri} lies in no folder of a Lance data set",
                hint="name the folder, with `data` and `_versions` in it",
            )
        try:
            data = lance.dataset(str(folder.parent))
            shape_of(data.schema)  # names that are no text are found here
            fragment = _beginning_with(data, source.path.name)
        except self.failures as error:
            raise InputError(
                f"not a readable Lance data set ({failure_reason(error)}): {folder.parent}",
                hint="fetch or write it again",
            ) from error
        yield Rows(data.schema, iter(fragment.to_batches()) if fragment else iter(()))


def _beginning_with(data: Any, name: str) -> Any:
    for fragment in data.get_fragments():
        if next(iter(fragment.data_files())).path == name:
            return fragment
    return None
