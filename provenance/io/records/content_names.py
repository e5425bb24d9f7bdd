"""List the field names of texts, of parts of a conversation, and of remarks about a text."""

from __future__ import annotations

import re

RESERVED = "prov_"
"""Prefix of the columns that an export adds; they are never content or evidence."""

TEXTS = ("text", "content", "document", "body", "raw_content", "article", "passage")
"""Names of a text that is a record by itself, by precedence."""

QUOTED = ("document", "article", "passage")
"""Names among ``TEXTS`` that, beside a question and an answer, are what is asked about."""

CHATS = ("messages", "conversations", "conversation")

QUESTIONS = ("instruction", "prompt", "question", "query", "problem")
"""Names of the question of a pair."""

ANSWERS = ("output", "response", "completion", "answer", "generation")
"""Names of the answer of a pair; a record with two of these is ambiguous."""

OTHER_ANSWERS = (
    *("solution", "answers", "responses", "completions", "outputs", "generations", "solutions"),
)
"""Names of answers where none of ``ANSWERS`` is present; the first one counts."""

PREFERENCE = ("chosen", "rejected")

MEDIA = ("image", "images", "audio", "audios", "video", "videos")

TOOLS = ("tools", "functions", "available_tools")

GIVEN = ("documents", "contexts", "ctxs", "choices")
"""Lists that are given with a question: retrieved documents, or choices."""

LISTS = frozenset({*CHATS, *TOOLS, *GIVEN, "history", "images", "audios", "videos", "passages"})
"""Fields that are lists by nature; tables without lists hold them as JSON text."""

SPOKEN = ("system", "system_prompt", "context", "input", "history")
"""Texts that belong to a pair, a chat or a preference."""

LATE = (*SPOKEN, *GIVEN, *TOOLS, *MEDIA)
"""Parts that are looked for in every row of a family, even if the first rows lack them."""

THOUGHTS = ("reasoning", "reasoning_content", "thinking", "thought", "thoughts", "cot")
"""Reasoning of a model before its answer, which the model wrote as well."""

PARTS = frozenset(
    {*LATE, *QUESTIONS, *ANSWERS, *CHATS, *QUOTED, *THOUGHTS, "passages", *OTHER_ANSWERS}
)
"""Fields that belong to a family if they are in the same object."""

_ABOUT = re.compile(
    r"(?:.*[_.-])?(?:id|ids|uuid|guid|did|cid|uid|sha|url|urls|uri|link|links|href|hash|digest|md5"
    r"|sha1|sha256|checksum|etag|slug|token|rev|date|time|timestamp|path|file|filename|lang|langs"
    r"|language|licence|license|split|source|dataset|subset|domain|label|labels|category|type|kind"
    r"|model|generator|author|created|added|version|dump|role|name|key|state|status)",
    re.IGNORECASE,
)

_NOTES = re.compile(
    r"(?:.*[_.-])?(?:title|headline|heading|topic|subject|description|summary|caption|excerpt"
    r"|snippet|abstract|keywords?|tags?|categories|notes?|remarks?|comments?|feedback|critique"
    r"|judge?ments?|rating|ratings|score|scores|review|annotations?|annotators?|explanations?"
    r"|rationales?|reason|reasons|metadata|meta|info|extra|extras|details|stats|statistics"
    r"|attributes|properties|provenance|origin|user|username|owner|creator|account|profile|bio"
    r"|generated|written|models|generators|evaluations?|quality|difficulty|task|tasks|intent"
    r"|genre|country|email|embedding|embeddings|format|config|settings|params|parameters|options)",
    re.IGNORECASE,
)


def is_export_field(name: str) -> bool:
    """Check whether an export added the field."""
    return name.startswith(RESERVED)


def is_about(name: str) -> bool:
    """Check by its name whether a field describes a text.

    >>> is_about("author_did"), is_about("commit"), is_about("createdAt")
    (True, False, True)
    """
    return _ABOUT.fullmatch(_in_words(name)) is not None


def is_remark(name: str) -> bool:
    """Check by its name whether a field is a remark about a record.

    >>> is_remark("title"), is_remark("quality_notes"), is_remark("background")
    (True, True, False)
    """
    return is_about(name) or _NOTES.fullmatch(_in_words(name)) is not None


def _in_words(name: str) -> str:
    """Split camel case: ``createdAt`` becomes ``created_time``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"_(?:at|on)$", "_time", words, flags=re.IGNORECASE)


def leaf(path: str) -> str:
    """Return the last name of a dotted path, in lower case.

    >>> leaf("commit.record.Text"), leaf("text")
    ('text', 'text')
    """
    return path.rpartition(".")[2].lower()
