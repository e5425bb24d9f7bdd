"""Derive from the name of a field what its values are about."""

from __future__ import annotations

import re
from functools import lru_cache

from provenance.model.model_names import clean_name
from provenance.model.origin import Process
from provenance.origin.recognisers import field_words as vocab
from provenance.origin.recognisers.field_roles import FieldMeaning, FieldRole

__all__ = ["FieldMeaning", "FieldRole", "field_meaning", "words_of_name"]

_TURN_ENDS = tuple(
    f"{turn}.{key}" for turn in ("[]", "chosen", "rejected") for key in ("role", "from")
)
_OF_ALL = frozenset({FieldRole.SCORE, FieldRole.EITHER, FieldRole.USE, FieldRole.REAL})

_VOCABULARY = sorted(
    vocab.NEUTRAL
    | vocab.GENERATORS
    | vocab.MODELS
    | vocab.MODEL_OF_TEXT
    | vocab.MACHINES
    | vocab.HUMANS
    | vocab.MAKING
    | (vocab.ASKING - {"it", "if"})
    | vocab.MAKERS
    | vocab.MADE_BY
    | vocab.SOURCES
    | vocab.TOOLS
    | vocab.OF_MARKS
    | {"labelling", "labeling", "label", "prov", "probability", "detected", "text", "content"},
    key=len,
    reverse=True,
)
_TELLING = re.compile(
    r"(?!(?:re|super)model|model(?:l?ing|l?ed|l?ers?)$)"
    r"(?:(models?|llms?|generator)([a-z]{2,})|([a-z]{2,})(models?|llms?|generators?))"
)
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_A-Za-z]+")
_PROCESSES = (
    ("rephras", Process.REPHRASE),
    ("rewrit", Process.REPHRASE),
    ("paraphras", Process.REPHRASE),
    ("translat", Process.TRANSLATE),
    ("summar", Process.SUMMARISE),
    ("teacher", Process.DISTIL),
    ("distil", Process.DISTIL),
    ("generat", Process.GENERATE),
    ("gen", Process.GENERATE),
)


def words_of_name(name: str) -> tuple[str, ...]:
    """Split a name into words, however they are joined.

    >>> words_of_name("isAIGenerated"), words_of_name("teacher-model"), words_of_name("MODELNAME")
    (('is', 'ai', 'generated'), ('teacher', 'model'), ('model', 'name'))
    """
    pieces = [vocab.FOREIGN.get(piece, piece) for each in _pieces(name) for piece in each]
    whole = _segmented("".join(pieces))
    if whole:
        return whole
    return tuple(word for piece in pieces for word in (_segmented(piece) or _around(piece)))


def _pieces(name: str) -> list[list[str]]:
    # Case says where words end, so what folds it away comes after.
    parts = re.split(r"[\W_\d]+", name if name.isascii() else clean_name(name))
    return [[word.lower() for word in _CAMEL.findall(part)] for part in parts if part]


def _around(word: str) -> tuple[str, ...]:
    """Split off ``model``, ``llm`` or ``generator`` at an end: ``basemodel``, ``llmused``."""
    found = _TELLING.fullmatch(word)
    return tuple(filter(None, found.groups())) if found else (word,)


@lru_cache(maxsize=4096)
def _segmented(word: str) -> tuple[str, ...]:
    """Split a word into known words; empty if that is not possible without a rest."""
    if not word or len(word) > 40:
        return ()
    for known in _VOCABULARY:
        if word == known:
            return (known,)
    for known in _VOCABULARY:
        if word.startswith(known):
            rest = _segmented(word[len(known) :])
            if rest:
                return (known, *rest)
    return ()


@lru_cache(maxsize=8192)
def field_meaning(path: str) -> FieldMeaning:
    """Return the meaning of the field at a path; pure containers above it are ignored.

    >>> paths = ("metadata.model", "generatedBy", "is_human", "author")
    >>> [field_meaning(path).role.value for path in paths]
    ['model', 'generator', 'human_flag', 'maker']
    >>> [field_meaning(p).role.value for p in ("llm_type", "labelling_model", "title", "section")]
    ['mark', 'nothing', 'nothing', 'any']
    """
    segments = [words_of_name(segment) for segment in path.replace("[]", "").split(".")]
    segments = [segment for segment in segments if segment]
    if not segments:
        return FieldMeaning(FieldRole.ANY)
    above, words = segments[:-1], segments[-1]
    turn = _of_turn(path, words, above[-1] if above else ())
    around = [word for segment in above for word in segment if word not in vocab.CONTAINERS]
    if above and (set(words) <= vocab.NEUTRAL or set(words) <= vocab.MODELS | vocab.NEUTRAL):
        nearest = next((s for s in reversed(above) if not set(s) <= vocab.CONTAINERS), ())
        if (
            set(nearest)
            <= vocab.MODEL_OF_TEXT
            | vocab.GENERATORS
            | vocab.MODELS
            | vocab.MAKERS
            | vocab.MACHINES
            | vocab.TOOLS
        ):
            words = tuple(word for word in (*nearest, *words) if word not in vocab.TEXTS)
        elif set(words) <= {"value", "values"} and nearest:
            words = nearest
        elif set(words) <= vocab.NEUTRAL:
            words = (*nearest, *words)
    if not words:
        return FieldMeaning(FieldRole.ANY)
    if set(around) & vocab.ANNOTATION or path.rpartition(".")[2].lower().startswith("prov_"):
        return FieldMeaning(FieldRole.NOTHING)
    if above and set(above[-1]) == {"aigc"}:
        return FieldMeaning(FieldRole.MARK if "label" in words else FieldRole.NOTHING)
    found = turn or _promised(words)
    if any(set(segment) & vocab.GENERATORS and set(segment) <= vocab.INSIDE for segment in above):
        found = _of_generator(found)
    return found._replace(goods=bool(found.goods or set(around) & vocab.GOODS))


def _of_generator(found: FieldMeaning) -> FieldMeaning:
    """The same, of a member of an object that describes a generator."""
    if found.role in {FieldRole.GENERATOR, FieldRole.MODEL, FieldRole.ANY}:
        return found._replace(role=FieldRole.GENERATOR)
    return FieldMeaning(FieldRole.MARK, process=found.process)


def _promised(words: tuple[str, ...]) -> FieldMeaning:
    word_set = set(words)
    telling = [word for word in words if word not in vocab.NEUTRAL]
    last = telling[-1] if telling else words[-1]
    machines = word_set & vocab.MACHINES
    phrase = _of_phrase(words)
    if phrase is not None:
        return phrase
    if word_set & vocab.DETECTION or (
        word_set & vocab.LIKELIHOOD and word_set & {"ai", "synthetic", "generated"}
    ):
        return FieldMeaning(FieldRole.MARK if machines else FieldRole.NOTHING)
    if word_set & vocab.ANNOTATION or (
        "label" in word_set and word_set & (vocab.SOURCES | {"by", "model"})
    ):
        return FieldMeaning(FieldRole.NOTHING)
    flag = _flag(words, word_set)
    made = _of_model(words, word_set, last, flag is not None)
    return made or flag or _use_of_machine(words) or _other(word_set, last, _process(words))


def _of_model(
    words: tuple[str, ...], word_set: set[str], last: str, flag: bool
) -> FieldMeaning | None:
    """Meaning of a name that mentions a model or something made by one."""
    process = _process(words)
    if "teacher" in word_set and word_set <= vocab.NEUTRAL | {"teacher"}:
        return FieldMeaning(FieldRole.GENERATOR, process=process, namesake=True)
    if word_set & (vocab.GENERATORS | vocab.MODELS) and words[0] not in vocab.ASKS:
        found = _generator(word_set, last)
        if found is not None:
            flagged = found is FieldRole.GENERATOR and len(word_set) == 1 and flag
            return FieldMeaning(
                found, flag=flagged, process=process, goods=bool(word_set & vocab.GOODS)
            )
    if vocab.PLAIN_MAKING & word_set and last == "by":
        return FieldMeaning(FieldRole.GENERATOR, process=process or Process.GENERATE)
    if "by" in word_set and last in word_set & vocab.MACHINES:
        return FieldMeaning(FieldRole.GENERATOR, flag=True, process=process)
    return None


def _generator(word_set: set[str], last: str) -> FieldRole | None:
    """Role of a name that contains ``generator``, ``llm`` or ``model``."""
    if last in vocab.GENERATORS or (word_set & vocab.GENERATORS and last in vocab.MODELS):
        return FieldRole.GENERATOR
    if last in vocab.OF_MARKS or word_set & {"type", "kind"}:
        return FieldRole.MODEL if word_set & vocab.MODELS else FieldRole.MARK
    if last in {"url", "link", "path", "card"}:
        return FieldRole.MODEL
    if last not in vocab.MODELS:
        return None
    if word_set & vocab.MODEL_OF_TEXT or (
        word_set & {"name", "names"} and word_set <= vocab.MODELS | vocab.NEUTRAL
    ):
        return FieldRole.GENERATOR
    return FieldRole.MODEL


def _flag(words: tuple[str, ...], word_set: set[str]) -> FieldMeaning | None:
    """Meaning of a yes/no field about a text or a row, or None."""
    made, humans = word_set & vocab.MAKING, word_set & vocab.HUMANS
    machines = word_set & (
        vocab.MACHINES if word_set & {"written", "generated"} else vocab.MACHINES - {"model"}
    )
    known = vocab.MACHINES | vocab.HUMANS | vocab.MAKING | vocab.ASKING | vocab.THINGS | vocab.NOT
    if not word_set <= known or word_set <= vocab.ASKING | vocab.THINGS | vocab.NOT | {"model"}:
        return None
    if word_set <= {"gpt", "chatgpt"}:
        return FieldMeaning(FieldRole.MARK)
    generated = bool(word_set & vocab.PLAIN_MAKING)
    if not (machines or humans or generated) or (
        words[-1] in vocab.TEXT_THINGS and words[0] not in vocab.ASKS
    ):
        return None
    negated = bool(word_set & vocab.NOT)
    asks = words[0] in vocab.ASKS or "flag" in word_set
    plain = (
        asks or bool((machines or humans) and made) or "synthetic" in word_set or "aigc" in word_set
    )
    plain = plain and words[-1] not in vocab.THINGS
    if machines and humans:
        return FieldMeaning(FieldRole.MAKER, whole=True)
    if word_set in ({"bot"}, {"robot"}):
        return FieldMeaning(FieldRole.TOOL, flag=True, plain=True)
    role = FieldRole.HUMAN_FLAG if humans else FieldRole.FLAG
    return FieldMeaning(role, whole=True, flag=True, plain=plain, negated=negated)


def _other(word_set: set[str], last: str, process: Process | None) -> FieldMeaning:
    """Meaning of a name without a model and without a question: the first rule that matches."""
    origin = (
        word_set & {"origin", "origins", "provenance", "authorship"} and last not in vocab.MEASURES
    )
    no_claims = word_set <= vocab.NEUTRAL - {"name", "names", "value", "key"}
    fitting = (
        (last == "by" and word_set & vocab.MADE_BY, FieldMeaning(FieldRole.MAKER, process=process)),
        (
            last in vocab.CLASSES and word_set & vocab.ABOUT_MAKER,
            FieldMeaning(FieldRole.MAKER, whole=True),
        ),
        (origin, FieldMeaning(FieldRole.MAKER, whole=True)),
        (last in vocab.MAKERS, FieldMeaning(FieldRole.MAKER)),
        (last in vocab.SOURCES, FieldMeaning(FieldRole.SOURCE)),
        (
            last in vocab.TOOLS,
            FieldMeaning(FieldRole.TOOL, plain="bot" in word_set, process=process),
        ),
        (last in vocab.CLASSES, FieldMeaning(FieldRole.CLASS)),
        (last in vocab.SUBJECTS, FieldMeaning(FieldRole.SUBJECT)),
        (
            last in vocab.TEXTS or last in vocab.MEASURES or no_claims,
            FieldMeaning(FieldRole.NOTHING),
        ),
    )
    found = next(
        (name_meaning for fits, name_meaning in fitting if fits), FieldMeaning(FieldRole.ANY)
    )
    return found._replace(whole=found.whole or (last == "by" and "created" in word_set))


def _process(words: tuple[str, ...]) -> Process | None:
    for stem, process in _PROCESSES:
        if any(word.startswith(stem) for word in words):
            return process
    return None


def _of_turn(path: str, words: tuple[str, ...], above: tuple[str, ...]) -> FieldMeaning | None:
    """Meaning of a field that names the speaker of a turn, or None."""
    word_set = set(words)
    inside = "[]" in path and bool(set(above) & vocab.TURNS)
    named = inside and word_set <= {"name", "speaker", "sender", "from", "role", "who"}
    alone = len(word_set) == 1 and word_set <= {"role", "from", "sender", "who"}
    role = words[-1] == "role" and len(word_set) == 2 and word_set & vocab.SPEAKERS - {"role"}
    if not (named or alone or role):
        return None
    # Which of the turns of a chat are a model's by their roles is told elsewhere; the answers of a
    # preference may be a turn each.
    turn = path.lower().endswith(_TURN_ENDS) and not set(above) & vocab.SPEAKERS
    return FieldMeaning(FieldRole.SPEAKER, whole=not turn)


def _of_phrase(words: tuple[str, ...]) -> FieldMeaning | None:
    """Meaning of combinations of words, whatever each word means alone, or None."""
    word_set = set(words)
    likely = word_set & vocab.SCORE_WORDS and word_set & vocab.LIKELY
    sides = word_set & vocab.SIDES and word_set & vocab.PERSONS and word_set & vocab.CONTRAST
    texts = vocab.QUESTION_WORDS | {"text", "content"}
    fitting = (
        (
            likely and word_set <= vocab.SCORE_WORDS | vocab.LIKELY | vocab.FILLER_WORDS | {"of"},
            FieldRole.SCORE,
        ),
        (word_set in ({"humanness"}, {"ainess"}, {"humanlikeness"}), FieldRole.SCORE),
        (
            sides
            and word_set
            <= vocab.SIDES | vocab.PERSONS | vocab.CONTRAST | vocab.FILLER_WORDS | {"written"},
            FieldRole.EITHER,
        ),
        (word_set & vocab.FAKE and word_set <= vocab.FAKE | texts, FieldRole.USE),
        (word_set & vocab.REAL and word_set <= vocab.REAL | texts, FieldRole.REAL),
        (
            word_set & (vocab.HANDLES | {"screen"})
            and word_set <= vocab.HANDLES | {"name", "screen"},
            FieldRole.HANDLE,
        ),
        (word_set & {"gptzero", "zerogpt"}, FieldRole.SCORE),
        (
            word_set & vocab.PEOPLE
            and word_set <= vocab.PEOPLE | vocab.QUESTION_WORDS | vocab.BY_PEOPLE
            and len(word_set) > 1,
            FieldRole.HUMAN_FLAG,
        ),
        (word_set == {"by"}, FieldRole.MAKER),
        (words[-1] in vocab.METHODS, FieldRole.CLASS),
        (words[-1] in vocab.TAGS, FieldRole.TAG),
    )
    found = next((promise for fits, promise in fitting if fits), None)
    if found is FieldRole.HUMAN_FLAG:
        return FieldMeaning(found, whole=True, flag=True, plain=True)
    return None if found is None else FieldMeaning(found, whole=found in _OF_ALL)


def _use_of_machine(words: tuple[str, ...]) -> FieldMeaning | None:
    """Meaning of a name that combines a machine with a part of making a text, or None.

    >>> [_use_of_machine(tuple(name.split()))
    ...  for name in ("model card", "date", "ai tokens")]
    [None, None, None]
    >>> _use_of_machine(("contains", "ai")).role.value
    'use'
    """
    word_set = set(words)
    if words[-1] in vocab.OTHER_SUBJECTS - {"usage", "share"}:
        return _remark(words)
    if word_set & vocab.MACHINES_AT_WORK and (
        word_set & vocab.PARTS or word_set & vocab.QUESTION_WORDS
    ):
        return FieldMeaning(FieldRole.USE, whole=True)
    return _remark(words)


def _remark(words: tuple[str, ...]) -> FieldMeaning | None:
    """Meaning of a remark about a text or of its address, or None."""
    if words[-1] in vocab.REMARKS or (len(words) > 1 and words[-1] in {"response", "responses"}):
        return FieldMeaning(FieldRole.REMARK)
    if words[-1] in {"url", "uri", "link"} and "source" in words:
        return FieldMeaning(FieldRole.ADDRESS)
    return None
