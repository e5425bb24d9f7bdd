"""Count the tokens of members with a tokenizer file, for policies with the unit tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from tokenizers import Tokenizer

from provenance.content.identity import text_parts
from provenance.errors import PolicyError
from provenance.model.policy import Policy
from provenance.operations.members.readings import Reading, readings
from provenance.operations.members.relation import MEMBERS, narrow_members
from provenance.operations.members.reread import reread
from provenance.store.connection import Database

_CHUNK = 1_000

# A mixed record's synthetic tokens are in proportion to its synthetic characters, rounded outwards:
# where the parts join, the tokenizer may merge them, so no exact number exists.
_FILL = f"""
SELECT m.* REPLACE (
    t.tokens AS tokens,
    CASE WHEN m.label = 'synthetic' THEN t.tokens WHEN m.label = 'human' OR m.chars = 0 THEN 0
        ELSE t.tokens * m.lo_chars // m.chars END::BIGINT AS lo_tokens,
    CASE WHEN m.label = 'human' THEN 0 WHEN m.label = 'synthetic' OR m.chars = 0 THEN t.tokens
        ELSE (t.tokens * m.hi_chars + m.chars - 1) // m.chars END::BIGINT AS hi_tokens)
FROM {MEMBERS} m JOIN token_counts t
    ON t.uri = m.uri AND t.row = m.row AND coalesce(t.source = m.source, true)
"""


def count_tokens(
    connection: Database,
    policy: Policy,
    folder: Path | None,
    found: Sequence[Reading] | None = None,
) -> None:
    """Fill the token columns of ``set_members``, if the policy has the unit tokens.

    The ledger keeps no text, so the files of the members are read again and digests verified.

    Args:
        folder: base of a relative tokenizer path.
        found: readings of the files; ``None``: load them from the ledger.

    Raises:
        PolicyError: the tokenizer is missing or invalid.
        NotFoundError, IntegrityError: a file is missing or changed.
    """
    if "tokens" not in policy.units or policy.tokenizer is None:
        return
    tokenizer = _load((folder or Path()) / policy.tokenizer)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE token_counts (source VARCHAR, uri VARCHAR, row BIGINT, "
        "tokens BIGINT)"
    )
    files = found if found is not None else readings(connection, {})
    for part in reread(connection, files, "source, uri, row"):
        counts = _counts(tokenizer, part.batch.content, part.layout.kind)
        known = part.members.select(["source", "uri", "row"])
        connection.register("token_batch", known.append_column("tokens", counts))
        source = "NULL" if part.reading.source is None else "source"
        connection.execute(
            f"INSERT INTO token_counts SELECT {source}, uri, row, tokens FROM token_batch"
        )
        connection.unregister("token_batch")
    narrow_members(connection, _FILL, counted=True)


def _load(path: Path) -> Tokenizer:
    if not path.is_file():
        raise PolicyError(
            f"there is no tokenizer at `{path}`",
            hint="set `tokenizer:` to the path of a tokenizer.json",
        )
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception only
        raise PolicyError(f"`{path}` is not a valid tokenizer.json: {error}") from error


def _counts(tokenizer: Tokenizer, content: pa.Array, kind: str) -> pa.Array:
    counts: list[int] = []
    for start in range(0, len(content), _CHUNK):
        texts = content[start : start + _CHUNK].to_pylist()
        if kind == "structured":
            texts = ["\n".join(text_parts(json.loads(text))) for text in texts]
        elif kind == "binary":
            texts = [""] * len(texts)
        encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        counts += [len(item.ids) for item in encoded]
    return pa.array(counts, pa.int64())
