"""XML from the input, read safely: no DTD, no entities, a limit of size; and which format an XML file is of."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import UTF_16_MARKS, decode_text, first_bytes, read_regular

_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]{1,40})""")
_BLANK_START = re.compile(rb"(\xef\xbb\xbf)?\s+(?=<)")
"""Blanks before the declaration, which XML forbids and people leave behind; after the mark of UTF-8, if it has one."""
_HEAD = 4096
"""Bytes in which the first tag of a file is sought."""
_BEFORE_ROOT = re.compile(r"<\?.*?\?>|<!--.*?-->", re.DOTALL)
_BARE_AMPERSAND = re.compile(r"&(?!#?\w+;)")
_FIRST_TAG = re.compile(r"\s*<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]")


def parse_xml(path: Path, *, limit: int) -> ElementTree.Element:
    """Parse hostile XML: no DTD, no entities, at most `limit` bytes.

    Tags come without their namespaces, in lower case. What the mark of UTF-16 says goes before what is declared.

    Raises:
        RejectedItemError: If it cannot be read.
    """
    import defusedxml.ElementTree as SafeTree
    from defusedxml.common import DefusedXmlException

    content = _BLANK_START.sub(rb"\1", read_regular(path, limit=limit), count=1)
    text = decode_text(content) if content.startswith(UTF_16_MARKS) else content
    try:
        root: ElementTree.Element = SafeTree.fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise RejectedItemError("declares a DTD or entities", "save it without", code="xml-entities") from error
    except (ValueError, LookupError) as error:
        raise _of_wrong_encoding(f"is written in {_encoding(content)}, which cannot be read", content) from error
    except ElementTree.ParseError as error:
        if not _decodes(content):
            reason = f"is not written in {_encoding(content)}, as it should be"
            raise _of_wrong_encoding(reason, content) from error
        raise RejectedItemError(f"is not valid XML ({error})", _remedy(content, error), code="bad-xml") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2].lower()
    return root


def _remedy(content: bytes, error: ElementTree.ParseError) -> str:
    """Return what to do about the line where XML ends to be valid."""
    line = content.decode(_encoding(content)).split("\n")[error.position[0] - 1 :][:1]
    ampersand = any(map(_BARE_AMPERSAND.search, line))
    return f"write &amp; in place of & in line {error.position[0]}" if ampersand else "annotate the picture again"


def root_tag(path: Path) -> str:
    """Return the first tag of an XML file in lower case, without parsing it; an empty text where none can be seen."""
    head = first_bytes(path, _HEAD)
    found = _FIRST_TAG.match(_BEFORE_ROOT.sub("", decode_text(head, errors="ignore")))
    return found[1].lower() if found else ""


def _of_wrong_encoding(reason: str, content: bytes) -> RejectedItemError:
    if _encoding(content).upper() == "UTF-8":
        return RejectedItemError(reason, "save it as UTF-8", code="encoding")
    return RejectedItemError(reason, 'save it as UTF-8, with encoding="UTF-8" in its first line', code="encoding")


def _encoding(content: bytes) -> str:
    """Return the encoding that a document declares, or must have without a declaration."""
    declared = _DECLARED.match(content)
    if declared:
        return declared[1].decode()
    return "UTF-16" if content.startswith(UTF_16_MARKS) else "UTF-8"


def _decodes(content: bytes) -> bool:
    """Return whether a document can have the declared encoding; it is not UTF-16 if the declaration can be read."""
    encoding = _encoding(content)
    try:
        content.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return not (_DECLARED.match(content) and encoding.lower().startswith(("utf-16", "utf-32")))
