"""The members of a set: selection, relation, contents."""
