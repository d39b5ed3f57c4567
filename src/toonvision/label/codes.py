"""Two letters for each label, so that one is chosen with three keystrokes: one that asks, and its code."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product
from string import ascii_lowercase

from toonvision.taxonomy.labels import Label

_ARTICLES = frozenset({"a", "an", "the", "mr", "mrs"})


def label_codes(labels: Iterable[Label]) -> dict[str, str]:
    """Return a code for each label, by name: two letters of its title where that can be, three where two are used up.

    Examples:
        >>> from toonvision.taxonomy.loader import built_in
        >>> codes = label_codes(built_in("toontown").labels)
        >>> codes["cog_bb_flunky"], codes["cog_lb_bigwig"], codes["cog_bb_thebigcheese"], len(set(codes.values()))
        ('fl', 'bw', 'bc', 43)
    """
    found: dict[str, str] = {}
    used: set[str] = set()
    listed = list(labels)
    length = 2 if len(listed) <= len(ascii_lowercase) ** 2 // 2 else 3
    for label in listed:
        code = next(code for code in _candidates(label.title, length) if code not in used)
        used.add(code)
        found[label.name] = code
    return found


def _candidates(title: str, length: int) -> Iterator[str]:
    """Yield codes: the first letters of the words, then the first letter and each later one, then any."""
    plain = unicodedata.normalize("NFD", title.lower()).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z]+", plain) or ["x"]
    words = [word for word in words if word not in _ARTICLES] or words
    letters = "".join(words)
    if len(words) >= length:
        yield "".join(word[0] for word in words[:length])
    for rest in product(letters[1:] or letters, repeat=length - 1):
        yield letters[0] + "".join(rest)
    for rest in product(ascii_lowercase, repeat=length - 1):
        yield letters[0] + "".join(rest)
    for code in product(ascii_lowercase, repeat=length):
        yield "".join(code)
