"""The contexts of pictures, as a taxonomy knows them."""

from collections import Counter
from dataclasses import replace

from toonvision.core.errors import Finding
from toonvision.core.names import folded
from toonvision.core.wording import counted, listed
from toonvision.data.boxes import AnnotatedPicture, Reading
from toonvision.data.listing import WORKSPACE_MARK
from toonvision.taxonomy.labels import NO_CONTEXT, Taxonomy, did_you_mean
from toonvision.taxonomy.loader import quoted

_MOST_NAMED = 30


def in_contexts(reading: Reading, taxonomy: Taxonomy) -> Reading:
    """Return a reading whose pictures are in contexts of a taxonomy: in that which a folder of theirs is named after.

    The others are left out, in one finding, but for crops in class folders, which say nothing of a context. Where the
    taxonomy has no contexts, any folder is one.
    """
    known = {folded(context.name): context.name for context in reversed(taxonomy.contexts)}
    if not known:
        return reading
    pictures: list[AnnotatedPicture] = []
    outside: list[AnnotatedPicture] = []
    for picture in reading.pictures:
        possible = (picture.context, *picture.name.split("/")[:-1])
        context = next((known[name] for name in map(folded, possible) if name in known), None)
        if context is None and not _is_crop(picture):
            outside.append(picture)
        pictures.append(picture if context in (None, picture.context) else picture._replace(context=context))
    finding = _outside(outside, [context.name for context in taxonomy.contexts]) if outside else None
    return replace(reading, pictures=tuple(pictures)).without({one.name: finding for one in outside if finding})


def is_outside(picture: AnnotatedPicture, taxonomy: Taxonomy) -> bool:
    """Return whether a picture is in no context of a taxonomy, so that an extraction leaves it out."""
    return not in_contexts(Reading((picture,)), taxonomy).pictures


def _is_crop(picture: AnnotatedPicture) -> bool:
    """Return whether a picture without a context shows one object alone, so that nobody can see where it was taken."""
    return picture.context == NO_CONTEXT and bool(picture.objects) and not picture.has_boxes


def _outside(pictures: list[AnnotatedPicture], contexts: list[str]) -> Finding:
    counts = Counter(picture.context for picture in pictures)
    folders = {picture.context: _folder(picture) for picture in pictures}
    names = list(counts)[:_MOST_NAMED]
    which = [folders[name] + (f" ({counts[name]:,})" if len(counts) > 1 else "") for name in names]
    keys = [f"{quoted(name)} = {{}}" for name in names]
    if len(counts) > _MOST_NAMED:
        which.append(f"{len(counts) - _MOST_NAMED:,} more")
        keys.append("so on")
    lie, are = "lies" if len(pictures) == 1 else "lie", "is no context" if len(counts) == 1 else "are no contexts"
    reason = f"{counted(len(pictures), 'picture')} {lie} in {listed(which)}, which {are} of the taxonomy."
    reason += did_you_mean(names[0], contexts) if len(counts) == 1 else ""
    remedy = (
        f"put them into folders named after contexts ({', '.join(contexts)}), or choose the context of each on the "
        f"page of toonvision label (key k), or add the contexts: write {listed(keys)} under [contexts] in "
        f"{WORKSPACE_MARK}"
    )
    objects = sum(len(picture.objects) for picture in pictures)
    return Finding("contexts", reason, remedy, "unknown-context", objects=objects, pictures=len(pictures))


def _folder(picture: AnnotatedPicture) -> str:
    is_in_none = picture.context == NO_CONTEXT and NO_CONTEXT not in picture.name.split("/")[:-1]
    return "no folder" if is_in_none else f"the folder {picture.context!r}"
