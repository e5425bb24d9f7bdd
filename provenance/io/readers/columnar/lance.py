"""Lance data sets, fragment by fragment, as their newest version has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from provenance.errors import InputError
from provenance.io.columns.schema import shape_of
from provenance.io.contract.library_errors import LibraryError, library, read_by_library
from provenance.io.contract.optional_libraries import needed
from provenance.io.contract.reader import Input
from provenance.io.readers.columnar.library_batches import Columnar, Rows, require_plain

_LISTED = ".arrow"
"""Ends the name of a list of deleted rows; where they are many, there is a set of them instead."""


class Lance(Columnar):
    """Reader of the files below ``data`` in the folder of a Lance data set.

    Rows that were deleted stay away, and so does a file that is of older versions alone. Where
    columns were added later, the rows are those of the first file of their fragment.
    """

    names: ClassVar[Sequence[str]] = ("lance",)
    failures: ClassVar[tuple[type[Exception], ...]] = (LibraryError,)

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
            with library():
                data = lance.dataset(str(folder.parent))
                schema = data.schema
                shape_of(schema)  # names that are no text are found here
                fragment = _beginning_with(data, source.path.name)
                batches = _batches(fragment, folder.parent) if fragment else ()
        except LibraryError as error:
            raise InputError(
                f"not a readable Lance data set ({error}): {folder.parent}",
                hint="fetch or write it again",
            ) from error
        yield Rows(schema, read_by_library(batches))


def _beginning_with(data: Any, name: str) -> Any:
    for fragment in data.get_fragments():
        if next(iter(fragment.data_files())).path == name:
            return fragment
    return None


def _batches(fragment: Any, folder: Path) -> Iterable[pa.RecordBatch]:
    """The rows of a fragment, without those that were deleted.

    Lance ends the process where the list of the deleted rows has a length that no memory has;
    Arrow looks first whether it is sound.
    """
    if (deleted := fragment.deletion_file()) and deleted.endswith(_LISTED):
        with pa.ipc.open_file(str(folder / deleted)) as listed:
            listed.read_all().validate(full=True)
    batches: Iterable[pa.RecordBatch] = fragment.to_batches()
    return batches
