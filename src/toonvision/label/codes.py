"""Two letters for each label, so that one is chosen with three keystrokes: one that asks, and its code."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, count, product
from string import ascii_lowercase

_ARTICLES = frozenset({"a", "an", "the", "mr", "mrs"})


def label_codes(called: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return a code for each label, by name: two letters of its title where that can be, more where two are used up.

    No code begins a word of another label: who types a name would choose that one by the first letters.

    Args:
        called: For each label its title, and what else it is found by.

    Examples:
        >>> label_codes({"a": ["Red monster"], "b": ["Monster"], "c": ["Flunky"]})
        {'a': 'rm', 'b': 'mn', 'c': 'fl'}
    """
    found = (_codes(called, length) for length in count(2))
    return next(codes for codes in found if len(codes) == len(called))


def _codes(called: Mapping[str, Sequence[str]], length: int) -> dict[str, str]:
    """Return codes of so many letters, for the labels up to the first one that none is left for."""
    begins = defaultdict[str, set[str]](set)
    for name, words in called.items():
        for word in re.split(r"[\s_]+", " ".join(words).lower()):
            begins[word[:length]].add(name)
    found: dict[str, str] = {}
    used: set[str] = set()
    for name, (title, *_) in called.items():
        free = (code for code in _candidates(title, length) if code not in used and begins.get(code, set()) <= {name})
        if not (code := next(free, "")):
            break
        used.add(code)
        found[name] = code
    return found


def _candidates(title: str, length: int) -> Iterator[str]:
    """Yield codes: first letters of words, then the first letter and each later one, then any."""
    plain = unicodedata.normalize("NFD", title.lower()).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain) or ["x"]
    words = [word for word in words if word not in _ARTICLES] or words
    letters = "".join(words)
    for chosen in combinations(words, length):
        yield "".join(word[0] for word in chosen)
    for rest in product(letters[1:] or letters, repeat=length - 1):
        yield letters[0] + "".join(rest)
    for rest in product(ascii_lowercase, repeat=length - 1):
        yield letters[0] + "".join(rest)
    for code in product(ascii_lowercase, repeat=length):
        yield "".join(code)
