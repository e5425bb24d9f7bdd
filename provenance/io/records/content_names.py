"""Words by which fields are known for texts, for parts of a family of texts, or for remarks."""

from __future__ import annotations

import re

RESERVED = "prov_"
"""Prefix of the columns that an export adds; they are never content or evidence."""

TEXTS = ("text", "content", "document", "body", "raw_content", "article", "passage")
"""Names of a text that is a record by itself, the likeliest first."""

QUOTED = ("document", "article", "passage")
"""Those of them that are what is asked about, where a question and an answer stand beside."""

CHATS = ("messages", "conversations", "conversation")

QUESTIONS = ("instruction", "prompt", "question", "query", "problem")
"""What a pair asks."""

ANSWERS = ("output", "response", "completion", "answer", "generation")
"""What a pair answers; a record with two of these is ambiguous."""

OTHER_ANSWERS = (
    *("solution", "answers", "responses", "completions", "outputs", "generations", "solutions"),
)
"""What answers where none of these is there; of several the first."""

PREFERENCE = ("chosen", "rejected")

MEDIA = ("image", "images", "audio", "audios", "video", "videos")

TOOLS = ("tools", "functions", "available_tools")

GIVEN = ("documents", "contexts", "ctxs", "choices")
"""Lists that are given with a question: what was found for it, or what to choose from."""

LISTS = frozenset({*CHATS, *TOOLS, *GIVEN, "history", "images", "audios", "videos", "passages"})
"""Fields that are lists by nature; a table that has no lists holds them as JSON text."""

SPOKEN = ("system", "system_prompt", "context", "input", "history")
"""Texts that join a pair, a chat or a preference."""

LATE = (*SPOKEN, *GIVEN, *TOOLS, *MEDIA)
"""Parts that are looked for in every row of a family, be there none in the first ones."""

THOUGHTS = ("reasoning", "reasoning_content", "thinking", "thought", "thoughts", "cot")
"""What a model thought before it answered; it wrote that, too."""

PARTS = frozenset(
    {*LATE, *QUESTIONS, *ANSWERS, *CHATS, *QUOTED, *THOUGHTS, "passages", *OTHER_ANSWERS}
)
"""Fields that are part of a family where they stand beside it."""

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


def is_ours(name: str) -> bool:
    """Whether an export added the field."""
    return name.startswith(RESERVED)


def is_about(name: str) -> bool:
    """Whether a field speaks about a text instead of being one, by its name.

    >>> is_about("author_did"), is_about("commit"), is_about("createdAt")
    (True, False, True)
    """
    return _ABOUT.fullmatch(_in_words(name)) is not None


def is_remark(name: str) -> bool:
    """Whether a field is a remark that somebody made about a record, by its name.

    >>> is_remark("title"), is_remark("quality_notes"), is_remark("background")
    (True, True, False)
    """
    return is_about(name) or _NOTES.fullmatch(_in_words(name)) is not None


def _in_words(name: str) -> str:
    """``createdAt`` as ``created_at``, whose last word then is what it is."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"_(?:at|on)$", "_time", words, flags=re.IGNORECASE)


def leaf(path: str) -> str:
    """The last name of a dotted path, in lower case.

    >>> leaf("commit.record.Text"), leaf("text")
    ('text', 'text')
    """
    return path.rpartition(".")[2].lower()
