"""What is odd about the names of a YOLO data set, and about all rows of its label files together."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from toonvision.core.errors import Finding, shown
from toonvision.core.wording import counted
from toonvision.data.boxes import AnnotatedPicture
from toonvision.data.formats.doubts import alike
from toonvision.data.formats.yolo_forms import Form
from toonvision.data.formats.yolo_rows import UNKNOWN_CLASS, ids_of, key_points_declared
from toonvision.data.formats.yolo_settings import Settings
from toonvision.data.source_tree import SourceTree

SHIFTED, SHIFTED_BACK = "counted-from-1", "counted-from-0"
_BACKGROUND = frozenset({"background", "_background_", "__background__"})
"""What the class 0 is called where it is that of nothing, which has no boxes."""
_MOST_NAMED = 3


def doubts(settings: Settings, first_words: Collection[str], form: Form, tree: SourceTree) -> Iterator[Finding]:
    """Report what is odd about the names, such as shifted numbers, and key points not declared."""
    ids = [n for n in ids_of(first_words) if n >= 0]
    if settings.note:
        yield Finding(tree.relative(settings.file), *settings.note, "no-names")
    if settings.count not in (None, len(settings.names)):
        reason = f"says that there are {counted(settings.count, 'class', 'classes')}, and names {len(settings.names)}"
        yield Finding(tree.relative(settings.file), reason, "correct the number, or the names", "other-count")
    yield from alike(settings.names, "classes", tree.relative(settings.names_file))
    if ids:
        yield from _shifted(ids, settings, tree)
    if form.key_points:
        reason = "does not say that key points follow the boxes, but all long rows look like boxes with "
        reason += f"{form.key_points} key points, and are read so"
        remedy = f"write {key_points_declared(form.key_points, settings)}"
        yield Finding(tree.relative(settings.file), reason, remedy, "key-points")


def _shifted(ids: Sequence[int], settings: Settings, tree: SourceTree) -> Iterator[Finding]:
    """Report that class numbers look counted from 1 and names from 0, or the other way round."""
    names = {number: name for number, name in settings.names.items() if name.lower() not in _BACKGROUND or number}
    if not names:
        return
    first, last = min(names), max(names)
    against = f"ids {ids[0]}..{ids[-1]} against names {first}..{last}"
    item = tree.relative(settings.names_file)
    if ids[0] > first and ids[-1] == last + 1 and all(number - 1 in names for number in ids):
        reason = f"{against} look counted from 1, so that labels are wrong: {shown(names[first])} is never used, and "
        yield Finding(item, f"{reason}{ids[-1]} has no name", settings.shift, SHIFTED)
    elif ids[0] == 0 and first == 1 and ids[-1] < last and all(number + 1 in names for number in ids):
        zero = f"is {shown(settings.names[0])}" if 0 in settings.names else "has no name"
        reason = f"{against} look counted from 0, so that labels are wrong: {shown(names[last])} is never used, and "
        yield Finding(item, f"{reason}0 {zero}", f"number the names from 0, as in 0: {names[first]}", SHIFTED_BACK)


def contradictions(
    governing: Mapping[str, Settings], found: Collection[Settings], tree: SourceTree
) -> Iterator[Finding]:
    """Report files that give a class another name than the file whose names are used, for the same label files."""
    pairs: dict[tuple[Path, Path], tuple[Settings, Settings]] = {}
    for folder, used in governing.items():
        for other in found:
            own = other.file.parent
            nearer = Path(folder).is_relative_to(own) and own.is_relative_to(used.file.parent)
            if nearer and other.rank != used.rank and not used.note:
                pairs.setdefault((used.names_file, other.names_file), (used, other))
    for used, other in pairs.values():
        differ = [number for number, name in used.names.items() if other.names.get(number, name) != name]
        if differ:
            file, there = tree.relative(used.names_file), tree.relative(other.names_file)
            named = [f"class {n} is {shown(used.names[n])}, there {shown(other.names[n])}" for n in sorted(differ)]
            more = f"; {counted(len(named) - _MOST_NAMED, 'more class', 'more classes')}" * (len(named) > _MOST_NAMED)
            reason = f"names classes otherwise than {there}, so that labels may be wrong: "
            reason += f"{'; '.join(named[:_MOST_NAMED])}{more}. Those of {file} are used"
            yield Finding(file, reason, "correct the names in one of the files, or remove it", "other-names")


def with_remedy(picture: AnnotatedPicture, remedy: str) -> AnnotatedPicture:
    """Return a picture with this remedy for its unknown classes, whose names alone would cure nothing."""
    findings = (replace(one, remedy=remedy) if one.code == UNKNOWN_CLASS else one for one in picture.findings)
    return picture._replace(findings=tuple(findings))
