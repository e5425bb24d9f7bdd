"""Read Lance data sets in their newest version, one fragment at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from provenance.errors import InputError
from provenance.io.columns.schema import shape_of
from provenance.io.contract.library_errors import LibraryError, iterate_library, library_errors
from provenance.io.contract.optional_libraries import require_library
from provenance.io.contract.reader import Input
from provenance.io.readers.columnar.library_batches import (
    ColumnarReader,
    OpenedTable,
    require_plain,
)

_LISTED = ".arrow"
"""Suffix of a list of deleted rows; many of them are stored as a bitmap instead."""


class Lance(ColumnarReader):
    """Reader of the files in the ``data`` folder of a Lance data set.

    Deleted rows and files of older versions only are left out. Rows of columns that were added
    later belong to the first file of their fragment.
    """

    names: ClassVar[Sequence[str]] = ("lance",)
    failures: ClassVar[tuple[type[Exception], ...]] = (LibraryError,)

    @contextmanager
    def opened(self, source: Input, records: str | None) -> Iterator[OpenedTable]:
        """Open the rows of the fragment that begins with a file; ``records`` is not used."""
        lance = require_library("lance", "lance", "Lance data sets")
        require_plain(source, "a Lance file")
        folder = source.path.parent
        if folder.name != "data" or not (folder.parent / "_versions").is_dir():
            raise InputError(
                f"{source.uri} is in no folder of a Lance data set",
                hint="name the folder, with `data` and `_versions` in it",
            )
        try:
            with library_errors():
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
        yield OpenedTable(schema, iterate_library(batches))


def _beginning_with(data: Any, name: str) -> Any:
    for fragment in data.get_fragments():
        if next(iter(fragment.data_files())).path == name:
            return fragment
    return None


def _batches(fragment: Any, folder: Path) -> Iterable[pa.RecordBatch]:
    """Read the rows of a fragment, without the deleted ones.

    Lance ends the process if the list of deleted rows has a damaged length; Arrow checks it first.
    """
    if (deleted := fragment.deletion_file()) and deleted.endswith(_LISTED):
        with pa.ipc.open_file(str(folder / deleted)) as listed:
            listed.read_all().validate(full=True)
    batches: Iterable[pa.RecordBatch] = fragment.to_batches()
    return batches
