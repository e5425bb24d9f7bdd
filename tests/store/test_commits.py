"""Each kind of commit has its name in ledgers for good, and says what it may change."""

from __future__ import annotations

from provenance.store.commits import Effect, Verb, verb_list, verbs_with, verbs_without


def test_the_names_in_ledgers_stay() -> None:
    assert set(Verb) == {
        *("init", "ingest", "declare", "source", "model", "activity", "import", "assemble"),
        *("propagate", "pass", "origins", "maintain", "migrate"),
        *("revoke", "restore", "follow", "purge"),
    }
    assert f"{Verb.PURGE}" == "purge"


def test_every_verb_has_an_effect_or_lacks_it_and_another_name_neither() -> None:
    for effect in Effect:
        assert verbs_with(effect) | verbs_without(effect) == set(Verb)
        assert not verbs_with(effect) & verbs_without(effect)
        # A kind of a later version may change anything: it is in no list of those that do not.
        assert "later" not in verbs_without(effect)


def test_what_updates_lineage_from_rows_changes_it() -> None:
    updated = verbs_with(Effect.LINEAGE_BY_ROWS) | verbs_with(Effect.LINEAGE_BY_RECORDS)
    assert updated <= verbs_with(Effect.LINEAGE)
    assert {"purge", "migrate"} == verbs_with(Effect.REMOVES)


def test_verbs_are_written_as_sql() -> None:
    assert verb_list([Verb.PURGE, Verb.INIT]) == "'init', 'purge'"
