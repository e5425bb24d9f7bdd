"""Where a damaged file lies, so that its reader finds it and what belongs to it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from fuzz.document_seeds import packed
from fuzz.seeds import INSIDE, LANCE, PACKED, SEEDS
from fuzz.table_seeds import lance_file, lance_folder

from provenance.io.contract.reader import Input


def placed(folder: Path, target: str, data: bytes) -> Input:
    """The input in an empty folder of which a file, or a part of one, has these bytes."""
    if target in LANCE:
        members = lance_folder() | {lance_file(LANCE[target]): data}
        for name, content in members.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        path = folder / lance_file("data")
        return Input(path.as_posix(), path, "lance")
    path = folder / "file"
    if target in INSIDE:
        form, member = INSIDE[target]
        with zipfile.ZipFile(io.BytesIO(SEEDS[form]()[0])) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        path.write_bytes(packed(parts | {member: data}))
        return Input(path.as_posix(), path, form)
    path.write_bytes(data)
    form, _ = PACKED.get(target, (target, None))
    return Input(path.as_posix(), path, form, target.partition(".")[2])
