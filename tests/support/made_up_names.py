"""Names of models that nobody has heard of, by the patterns of hubs and in every spelling."""

from __future__ import annotations

import random

_SYLLABLES = [
    "zor",
    "blat",
    "quen",
    "mi",
    "lu",
    "tra",
    "vex",
    "ola",
    "kin",
    "dra",
    "fum",
    "jo",
    "pel",
    "sna",
    "wib",
    "gro",
    "hul",
    "yax",
]
_SIZES = ("7b", "1.5B", "8x7B", "70b", "0.5b", "13B", "350M", "405b", "3B")
_TUNED = ("instruct", "chat", "it", "sft", "dpo", "Instruct", "Chat", "Instruct-v0.2", "chat-hf")
_ORGS = ("acme", "Zed-AI", "nobody", "our_lab", "dept.of.text", "X9-labs")
_LOOK_ALIKE = str.maketrans("aeopcxy", "\u0430\u0435\u043e\u0440\u0441\u0445\u0443")


def names(count: int, seed: int = 7) -> list[str]:
    """Names as their makers write them, each with a size or what it was tuned for."""
    dice = random.Random(seed)
    found: list[str] = []
    while len(found) < count:
        stem = "".join(dice.sample(_SYLLABLES, dice.choice((2, 3))))
        stem = dice.choice((stem, stem.capitalize(), stem.upper()))
        version = dice.choice(("", "", "-2", "-v1.5", "-3.1"))
        size = f"-{dice.choice(_SIZES)}"
        tuned = dice.choice(("", f"-{dice.choice(_TUNED)}"))
        shape = dice.choice(("size", "both", "tuned"))
        end = {"size": size, "both": size + tuned, "tuned": f"-{dice.choice(('Instruct', 'chat'))}"}
        org = dice.choice(("", f"{dice.choice(_ORGS)}/"))
        name = f"{org}{stem}{version}{end[shape]}"
        if name not in found:
            found.append(name)
    return found


def spellings(name: str) -> list[str]:
    """The same name as people write it, and as somebody writes it who would not be found."""
    return [
        name,
        name.lower(),
        name.upper(),
        name.replace("-", "_"),
        name.replace("-", " "),
        name.replace("-", "\u2011"),
        f"  {name}\n",
        f"{name[:3]}\u200b{name[3:]}",
        f"\u2060{name}\ufeff",
        name.translate(_LOOK_ALIKE),
        "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in name),
        f"https://huggingface.co/acme/{name.rpartition('/')[2]}",
    ]
