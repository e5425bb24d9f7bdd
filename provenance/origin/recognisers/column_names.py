"""Names of models in columns, each in its one spelling."""

from __future__ import annotations

import pyarrow as pa

from provenance.model.model_names import clean_name, fold_name

__all__ = ["clean_name", "fold_name", "fold_names"]


def fold_names(names: pa.Array) -> pa.Array:
    """``fold_name`` of every value; each distinct one is folded once, and null stays null."""
    encoded = names.dictionary_encode()
    folded = [None if name is None else fold_name(name) for name in encoded.dictionary.to_pylist()]
    return pa.array(folded, pa.string()).take(encoded.indices)
