"""Match values that state or suggest that a machine made a text, whatever field they are in."""

from __future__ import annotations

import re
from functools import lru_cache

from provenance.model.model_names import clean_name

_SOURCE_TYPE = re.compile(r"^(?:https?://\S*/|[a-z]+:)?(?P<term>[a-z]{10,40})/?$")
_MADE_TERMS = frozenset({"trainedalgorithmicmedia", "trainedalgorithmicdata", "algorithmicmedia"})
_PART_TERMS = frozenset({"compositewithtrainedalgorithmicmedia", "compositesynthetic"})

_MAKERS = (
    r"(?:an? |the )?(?:ai|aigc|genai|gen ai|llms?|machine|computer|bot|chatbot|(?:chat-?)?gpt"
    r"(?:-?\d[\w.]*)?|claude|gemini|llama|mistral|copilot|bard|grok|deepseek|qwen"
    r"|(?:large |language |neural |generative )+(?:models?|networks?|ai)|algorithm)"
)
_DOING = (
    r"(?:generated|written|made|created|produced|authored|composed|drafted|rewritten|translated"
    r"|paraphrased|summari[sz]ed|assisted)"
)
_STATED = re.compile(
    rf"(?:^|[^\w-]){_DOING}[ -](?:\w+ )?(?:by|with|using|from|via|through)[ -]{_MAKERS}(?!\w)"
    rf"|(?:^|[^\w]){_MAKERS}[ -]?{_DOING}(?!\w)"
    rf"|(?:^|[^\w])(?:synthetically|artificially|algorithmically)[ -]{_DOING}"
    rf"|(?:^|[^\w])(?:outputs?|texts?|responses?|answers?) (?:of|from|by) {_MAKERS}(?!\w)"
)
TELLING_REMARK = (
    r"synth|generat|artific|algorithm|(?:^|[^a-z])ai(?:[^a-z]|$)|aigc|gpt|llm|claude|gemini|llama"
    r"|mistral|mixtral|copilot|(?:^|[^a-z])(?:bard|bots?)(?:[^a-z]|$)|grok|deepseek|qwen|machine"
    r"|(?:language|neural) |computer[- ][gwmtc]|^[a-z][\w./]*[-_ :]?\d|^[\w.-]+/[\w.-]+$"
    r"|algorithmic|(?:model|human|ai)[\w \"']{0,12}(?:[:=|>]|->)|^[\s\x{feff}]*\"?[\[{]"
)
"""A remark without a match neither mentions a machine nor contains a mark."""
CHAT_SITES = (
    r"(?:^|[/.\s@])(?:chat\.openai\.com|chatgpt\.com|claude\.ai|gemini\.google\.com"
    r"|bard\.google\.com|copilot\.microsoft\.com|chat\.deepseek\.com|chat\.mistral\.ai|poe\.com"
    r"|character\.ai|perplexity\.ai|grok\.com|huggingface\.co/chat|sharegpt\.com|shareg\.pt)"
    r"(?:[/?#:\s]|$)"
)
"""Addresses of chat services, in lower case."""
_SITES = re.compile(CHAT_SITES)
_HINTS = re.compile(
    r"^(?:ki|ia|k\. ?i\.?|i\. ?a\.|\u4eba\u5de5\u667a\u6167"
    r"|\u0438\u0438|\u4eba\u5de5\u667a\u80fd|(?:share|wild)gpt\S*"
    r"|artificial neural networks?|(?:deep )?neural net(?:work)?s?|deep learning"
    r"|k\u00fcnstliche intelligenz|inteligencia artificial|intelig\u00eancia artificial"
    r"|intelligence artificielle|intelligenza artificiale"
    r"|\u0438\u0441\u043a\u0443\u0441\u0441\u0442\u0432\u0435\u043d\u043d\u044b\u0439"
    r" \u0438\u043d\u0442\u0435\u043b\u043b\u0435\u043a\u0442"
    r"|\u043d\u0435\u0439\u0440\u043e\u0441\u0435\u0442\u044c"
    r"|\u4eba\u5de5\u77e5\u80fd|\uc778\uacf5\uc9c0\ub2a5"
    r"|(?:sonnet|opus|haiku)[ -]?\d(?:[.-]\d)?)$"
    r"|^(?:claude|gemini|bard|grok|llama|gpt|copilot|mistral|qwen|deepseek|command)\b.{0,20}"
    r"\b(?:anthropic|google|deepmind|openai|xai|meta|microsoft|alibaba|cohere)\b"
)
_ANSWERS = (
    "ja|oui|si|s\u00ed|s\u00ec|sim|\u0434\u0430|tak|ano|evet|hai|\u662f|\u306f\u3044|vrai|vero"
    "|wahr|verdadero|verdadeiro|on|x|\u2713|\u2714|yep|yeah|checked"
    "|nein|non|nee|nej|n\u00e3o|nao|\u043d\u0435\u0442|nie|ne|hay\u0131r|\u5426|\u3044\u3044\u3048"
    "|faux|falso|falsch|off|nope"
)
_PAGES = (
    r"wordpress(?:\.com|\.org)?|jekyll|drupal|joomla!?|mkdocs|docusaurus|eleventy|11ty|vuepress|vitepress|typo3"
    r"|squarespace|mediawiki|dokuwiki|doxygen|javadoc|asciidoctor|pandoc|pdf(?:la)?tex|(?:xe|lua)?latex"
    r"|libreoffice|openoffice(?:\.org)?|(?:microsoft|ms) (?:word|frontpage|excel|powerpoint)"
    r"|frontpage|dreamweaver|adobe (?:indesign|acrobat|dreamweaver)|ghostscript|wkhtmltopdf"
    r"|textpattern|movable type|phpbb|vbulletin|wix\.com website builder|umbraco|bookdown"
)
_PAGES_TOO = (
    r"hugo|ghost|gatsby|pelican|sphinx|hexo|next\.?js|nuxt|astro|wix|blogger|moodle|shopify"
    r"|magento|webflow|quarto|concrete5|sitecore|discourse|tex"
)
"""Ambiguous names: page software only with a version of more than one number."""
_MORE = r"(?: \([^()]{1,30}\)|;.*)?$"
_SOFTWARE = re.compile(
    rf"^(?:{_PAGES})(?:[ /-](?:[a-z]+ )?v?\d+(?:\.\d+)*(?:[-+][a-z0-9.]+)?)?{_MORE}"
    rf"|^(?:{_PAGES_TOO})[ /-]v?\d+(?:\.\d+)+(?:[-+][a-z0-9.]+)?{_MORE}"
)
_SOFTWARE_TOO = re.compile(rf"^(?:{_PAGES_TOO})(?:[ /-]v?\d+)?$")
_SHARE = re.compile(r"^(?:0?[.,]\d*[1-9]\d*(?:e-?\d+)?|\d{1,3}(?:[.,]\d+)? ?%)$")
_SCHOOLS = re.compile(
    r"(?:^|\W)(?:university|univ|college|school|law|faculty|universit\w+|harvard|yale|stanford"
    r"|columbia|oxford|cambridge|nyu|ucl|kcl|lse|berkeley|georgetown|cornell|duke|mcgill|leiden)"
    r"(?:\W|$)"
)
_SPEAKING = frozenset(
    [
        "assistant",
        "model",
        "gpt",
        "bot",
        "ai",
        "chatgpt",
        "llm",
        "chatbot",
        "ai-assistant",
        "ai-model",
        "language-model",
    ]
)
"""Names of the model's side of a chat."""


_ANSWERED = frozenset(clean_name(word) for word in _ANSWERS.split("|"))
_FOLDED_HINTS = frozenset(clean_name(word) for word in ("\u0438\u0438",))


def source_type(value: str) -> str | None:
    """Classify a term for a digital source: ``made``, ``part``, or None.

    >>> source_type("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")
    'made'
    >>> source_type("compositeSynthetic"), source_type("digitalCapture")
    ('part', None)
    """
    if not 10 <= len(value) <= 200:
        return None
    found = _SOURCE_TYPE.match(re.sub(r"[\s_]+", "", value.lower()))
    term = found["term"] if found else ""
    if term in _PART_TERMS:
        return "part"
    return "made" if term in _MADE_TERMS else None


@lru_cache(maxsize=65_536)
def states_machine(value: str, words: int) -> bool:
    """Whether a text of some words at most states that a machine made something.

    >>> states_machine("Text written with ChatGPT", 6), states_machine("AI weekly", 6)
    (True, False)
    """
    if "://" in value or value.count(" ") >= 2 * words:
        return False
    plain = clean_name(value).replace("_", " ")
    return len(plain.split()) <= words and _STATED.search(plain) is not None


@lru_cache(maxsize=65_536)
def is_synthetic_word(value: str) -> bool:
    """Whether a value is the word, alone or with another: ``synthetic``, ``train-synthetic``."""
    words = re.findall(r"[^\W_]+", clean_name(value))
    return len(words) <= 3 and not {"synthetic", "synth", "aigc"}.isdisjoint(words)


@lru_cache(maxsize=65_536)
def hints_at_machine(value: str) -> bool:
    """Whether a maker or source of this name is likely a machine: ``KI``, ``Claude (Anthropic)``.

    >>> [hints_at_machine(v) for v in ("IA", "Opus 4", "sharegpt", "Ian", "https://claude.ai/x")]
    [True, True, True, False, True]
    """
    if len(value) > 80 or "://" in value:
        return names_chat_site(value)
    low = value.strip().lower()
    found = _HINTS.search(low) or _HINTS.search(clean_name(value)) or names_chat_site(value)
    return bool(found) or clean_name(value) in _FOLDED_HINTS


def names_chat_site(value: str) -> bool:
    """Whether a value is an address at which one chats with a model."""
    return len(value) <= 800 and _SITES.search(value.strip().lower()) is not None


def is_share(value: str) -> bool:
    """Whether a value is a share of one: ``0.93``, ``12%``."""
    return len(value) <= 24 and _SHARE.match(value.strip()) is not None


def is_foreign_answer(value: str) -> bool:
    """Whether a value answers yes or no in other words: ``oui``, ``nein``."""
    return len(value) <= 20 and clean_name(value) in _ANSWERED


def is_page_software(value: str) -> bool:
    """Whether a value names what makes pages of a text that somebody wrote: ``Hugo 0.9``.

    >>> is_page_software("WordPress 5.1"), is_page_software("Hugo-7B")
    (True, False)
    """
    return len(value) <= 200 and _SOFTWARE.match(clean_name(value)) is not None


def may_be_page_software(value: str) -> bool:
    """Whether a value may be the name of one: ``Ghost``."""
    return len(value) <= 200 and _SOFTWARE_TOO.match(clean_name(value)) is not None


def is_school(value: str) -> bool:
    """Whether a value names a place where one takes a degree: an LLM of law."""
    return _SCHOOLS.search(clean_name(value)) is not None


def is_model_speaking(value: str) -> bool:
    """Whether a speaker is called as the model's side of a chat is.

    >>> is_model_speaking("AI Assistant"), is_model_speaking("Minister")
    (True, False)
    """
    return re.sub(r"[\s_]+", "-", clean_name(value)) in _SPEAKING
