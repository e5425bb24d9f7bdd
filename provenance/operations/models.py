"""Register and list models and the releases that they were trained on."""

from __future__ import annotations

import time

from pydantic import Field

from provenance.errors import NotFoundError
from provenance.model.base import Contract
from provenance.model.release_name import ReleaseName
from provenance.operations.after_commit import refresh_derived
from provenance.store.commits import Verb
from provenance.store.ledger_store import Store


class Model(Contract):
    """A model; records that it generated descend from the release it was trained on."""

    name: str = Field(min_length=1, max_length=200)
    family: str | None = None
    provider: str | None = None
    version: str | None = None
    trained_on: ReleaseName | None = Field(default=None, description="A release of this ledger.")


def set_model(store: Store, model: Model) -> bool:
    """Register a model, or replace its registration; return whether anything changed.

    Raises:
        NotFoundError: there is no release ``trained_on``.
    """
    if model in list_models(store):
        return False
    if model.trained_on is not None:
        with store.snapshot(threads=1) as connection:
            known = connection.execute(
                "SELECT 1 FROM releases WHERE name = ?", [model.trained_on]
            ).fetchone()
        if known is None:
            raise NotFoundError(f"there is no release `{model.trained_on}`")
    key = f"model:{time.time_ns()}:{model.name}"
    store.record(Verb.MODEL, key, {"models": [model.model_dump()]})
    refresh_derived(store)
    return True


def list_models(store: Store) -> list[Model]:
    """List the registered models by name."""
    with store.snapshot(threads=1) as connection:
        rows = connection.execute(
            "SELECT name, family, provider, version, trained_on FROM models ORDER BY name"
        ).fetchall()
    return [Model.model_validate(dict(zip(Model.model_fields, row, strict=True))) for row in rows]
