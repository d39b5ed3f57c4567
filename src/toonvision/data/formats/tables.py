"""What separates the cells of a table."""

import re

_DELIMITERS = ",;\t"
_STATED = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)
"""A first line for Excel, which says it."""


def separated(text: str) -> tuple[str, str]:
    r"""Return what separates the cells of a table, and its text from the first row on.

    Where it is not stated, it is what the first row has most of.

    Examples:
        >>> separated("a;b;c,d\n"), separated("sep=;\na,b\n")
        ((';', 'a;b;c,d\n'), (';', 'a,b\n'))
    """
    if stated := _STATED.match(text):
        return stated[1], text[stated.end() :]
    return max(_DELIMITERS, key=text.partition("\n")[0].count), text
