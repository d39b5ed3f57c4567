"""Which picture below a source an annotation means, and what its folders say of a picture."""

import base64
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from toonvision.core.errors import RejectedItemError, shown
from toonvision.core.grouping import grouped
from toonvision.core.names import folded
from toonvision.core.wording import some
from toonvision.data import attributes
from toonvision.data.documents import Documents
from toonvision.data.folder_names import LAYOUT_FOLDERS, is_layout
from toonvision.data.listing import ARCHIVES, Listing, name_key, name_text, stem_key
from toonvision.data.picture_kinds import is_picture
from toonvision.data.subsets import Subset, named_subset, subset_in
from toonvision.data.xml_files import root_tag
from toonvision.taxonomy.labels import NO_CONTEXT

_HASH_PREFIX = re.compile(r"^(?=[0-9]*[a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){0,3}(?:-[0-9a-f]{12})?[-_]+(?=.)")
"""What Label Studio puts before the name of an uploaded file; eight digits alone are a date, or a number."""
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-(?=.)")
"""The same where the folders of the name say that it is one, even if it has no letter."""
_ASKED = re.compile(r"\?(d|filepath|fileuri)=")
"""What comes before a path in the addresses of Label Studio's server, the last before one in base64."""
_NOT_UPLOADED = re.compile(r"[^-\w.]")
"""Characters that Label Studio leaves out of the name of an uploaded file, as Django's `get_valid_name` does."""


@dataclass(frozen=True)
class SourceTree(Listing):
    """The files below a source, with the documents that they hold and the pictures that these mean."""

    @cached_property
    def documents(self) -> Documents:
        """What the JSON files hold, each parsed once; attributes files are no such documents."""
        paths = (path for path in self.with_suffix(".json") if not path.name.endswith(attributes.SUFFIX))
        return Documents.of(paths, self.root, self.links)

    @cached_property
    def xml_roots(self) -> Mapping[Path, str]:
        """The XML files, each with its first tag; an empty one where that cannot be seen, or may not.

        A file without a suffix is one if it begins with a tag.
        """
        tags = {path: "" if self.confined(path) else root_tag(path) for path in self.with_suffix(".xml", "")}
        return {path: tag for path, tag in tags.items() if tag or path.suffix}

    @cached_property
    def _by_place(self) -> Mapping[tuple[tuple[str, ...], str], list[Path]]:
        """Pictures by place (see `_place`) and stem."""
        return grouped(self.pictures, self._key)

    @cached_property
    def _by_stem(self) -> Mapping[str, list[Path]]:
        return grouped(self.pictures, lambda path: stem_key(path.stem))

    @cached_property
    def _by_bare_stem(self) -> Mapping[str, list[Path]]:
        """Pictures by their stems without a hash before them."""
        return grouped(self.pictures, lambda path: _HASH_PREFIX.sub("", stem_key(path.stem)))

    @cached_property
    def _uploaded(self) -> Mapping[str, list[Path]]:
        """Pictures by the stems that Label Studio gives them when they are uploaded, without the hash."""
        return grouped(self.pictures, lambda path: _NOT_UPLOADED.sub("", stem_key(path.stem).strip().replace(" ", "_")))

    @cached_property
    def by_folder(self) -> Mapping[str, Sequence[Path]]:
        """Pictures by the text of their folder."""
        return grouped(self.pictures, folder_text)

    @cached_property
    def _occupied(self) -> frozenset[tuple[str, ...]]:
        return frozenset(place for place, _ in self._by_place)

    def _place(self, path: Path) -> tuple[str, ...]:
        """Return the folders of a file below the root that do not belong to a layout."""
        return self.folder_of(path).place

    def _key(self, path: Path) -> tuple[tuple[str, ...], str]:
        """Return the place of a file and its stem, as both are compared."""
        folder, _, name = str(path).rpartition(os.sep)
        return self._folder(folder or ".").place, name_key(name_text(name))

    def folder_of(self, path: Path) -> "Folder":
        """Return what the folders of a file say."""
        return self._folder(folder_text(path))

    def _folder(self, folder: str) -> "Folder":
        """Return what the names of a folder say; many files share one, and are not asked one by one."""
        if folder not in self._folders:
            names = Path(folder).relative_to(self.root).parts
            place = tuple(name for name in names if name.lower() not in LAYOUT_FOLDERS)
            within = [*zip(("", *names), names, strict=False)][self._around :]
            naming = (name for above, name in within if not is_layout(name, above))
            context = next(map(name_text, naming), NO_CONTEXT)
            subset = next((subset for name in reversed(names) if (subset := named_subset(name))), None)
            self._folders[folder] = Folder(place, context, subset)
        return self._folders[folder]

    @cached_property
    def _around(self) -> int:
        """Count the folders around the whole data set: all pictures lie in them, and there in folders of subsets.

        An archive that was unpacked into a folder of its own has one.
        """
        names = [Path(folder).relative_to(self.root).parts for folder in set(map(folder_text, self.pictures))]
        count = 0
        for same in zip(*names, strict=False):
            within = all(any(map(named_subset, own[count + 1 :])) for own in names)
            if len(set(same)) > 1 or is_layout(same[0]) or not within:
                break
            count += 1
        return count

    @cached_property
    def _folders(self) -> dict[str, "Folder"]:
        return {}

    def picture_of(self, annotation: Path) -> Path | None:
        """Return the picture that an annotation file is named after; None where no picture, or more than one, can be.

        It lies beside the annotation, or in the folder that corresponds to the annotation's (``images/a`` to
        ``labels/a``); where neither has any picture, anywhere below the source. A hash before the name, a
        picture's suffix within it (``a.png.txt``) and escapes (``%20``) are undone where the picture has none; where
        that finds nothing, so is what else a program made of the picture's name.
        """
        alike = self._by_place.get(self._key(annotation), [])
        if len(alike) == 1:  # which nearly all have
            return alike[0]
        for stem in _stems(annotation.stem):
            found = self._same_place(annotation, stem)
            if not found and self._place(annotation) not in self._occupied:
                found = self._by_stem.get(stem, [])
            if found:
                return found[0] if len(found) == 1 else None
        return self._renamed(annotation)

    def _renamed(self, annotation: Path) -> Path | None:
        """Return the only picture whose name a program changed to that of an annotation file, as `picture_named` knows.

        A hash is left out on one side alone: two that differ are those of two uploads.
        """
        stem, *more = _stems(Path(_asked_for(annotation.stem.replace("\\", "/"))).name)
        bare = more[-1] if more else stem
        alike = (
            self._by_stem.get(stem),
            self._by_stem.get(bare),
            self._by_bare_stem.get(stem),
            self._uploaded.get(bare),
        )
        place = self._place(annotation)
        for found in filter(None, alike):
            if len(found) == 1 and (place not in self._occupied or self._place(found[0]) == place):
                return found[0]
        return None

    def has_picture_for(self, annotation: Path) -> bool:
        """Return whether any picture has the name of an annotation file, one or several."""
        return any(stem in self._by_stem for stem in _stems(annotation.stem)) or self._renamed(annotation) is not None

    def picture_beside(self, annotation: Path) -> Path | None:
        """Return the one picture of an annotation's name beside it, or in the corresponding folder, if any."""
        found = self._same_place(annotation, stem_key(annotation.stem))
        return found[0] if len(found) == 1 else None

    def _same_place(self, annotation: Path, stem: str) -> list[Path]:
        same = self._by_place.get((self._place(annotation), stem), [])
        if len(same) < 2:
            return same
        return [path for path in same if path.parent == annotation.parent] or same

    def text_of(self, picture: Path) -> Path | None:
        """Return the text file of a picture's name beside it, or in the corresponding folder, if there is one."""
        return self._texts.get(self._key(picture))

    @cached_property
    def _texts(self) -> Mapping[tuple[tuple[str, ...], str], Path]:
        return {self._key(path): path for path in self.with_suffix(".txt")}

    def xml_of(self, picture: Path) -> Path | None:
        """Return the XML file of a picture's name beside it, or in the corresponding folder, that is Pascal VOC's."""
        return self._annotation_xmls.get(self._key(picture))

    @cached_property
    def _annotation_xmls(self) -> Mapping[tuple[tuple[str, ...], str], Path]:
        return {self._key(path): path for path, tag in self.xml_roots.items() if tag == "annotation"}

    def picture_named(self, stated: str, *, beside: Path) -> Path:
        r"""Return the picture that an annotation states by a file name, written on any machine by any program.

        A path below the folder of the annotation file, `beside`, or below the source comes first. Else the last part of
        the name decides, where just one picture has it: after separators (``\``), escapes (``%20``), a query
        (``?d=``, ``?filepath=``, ``?fileuri=``), another suffix or none, a hash before the name (``90fbb0c7-a.png``)
        and the underscores of an upload were undone. Of several the one is meant that lies nearest to the annotation
        file, or in the subset that this is named after.

        Raises:
            RejectedItemError: If no picture has the name, or more than one has.
        """
        plain = stated.replace("\\", "/")
        if found := self._at(plain, beside):
            return found
        decoded = _asked_for(plain)
        if decoded != plain and (found := self._at(decoded, beside)):
            return found
        last = Path(decoded)
        stem = stem_key(last.stem if is_picture(last.name) else last.name)
        prefix = _UPLOAD_PREFIX if "/upload/" in f"/{decoded}" else _HASH_PREFIX
        bare = prefix.sub("", stem)
        whole = folded(last.name)
        names = (whole, prefix.sub("", whole))
        alike = (
            self._by_stem.get(stem),
            self._by_stem.get(bare),
            self._by_bare_stem.get(bare),
            self._uploaded.get(bare),
        )
        for possible in filter(None, alike):
            best = self._nearest(_of_longest_tail(possible, decoded), beside)
            if len(best) > 1:
                best = [path for path in best if folded(path.name) in names]
            if len(best) == 1:
                return best[0]
            both = " and ".join(self.relative(path) for path in possible[:2])
            reason, remedy = f"the picture {shown(stated)} could be {both}", "rename the one that is not meant"
            raise RejectedItemError(reason, remedy, code="ambiguous-picture")
        reason, remedy = f"the picture {shown(stated)} is missing", f"{self.unpacking}put it below the source"
        raise RejectedItemError(reason, remedy, code="no-picture")

    @cached_property
    def unpacking(self) -> str:
        """What may bring pictures that are missing: the archives that lie below the source, if any do."""
        found = [self.relative(path) for path in self.with_suffix(*ARCHIVES)]
        return f"unpack {some(found)}, or " if found else ""

    def _nearest(self, paths: list[Path], beside: Path) -> list[Path]:
        """Return those of some pictures that share the most folders with an annotation file, else its subset."""
        if len(paths) < 2:
            return paths
        shared = [len(os.path.commonpath((path.parent, beside.parent))) for path in paths]
        nearest = [path for path, length in zip(paths, shared, strict=True) if length == max(shared)]
        subset = subset_in(beside.stem)
        return [path for path in nearest if subset and self.subset_of(path) == subset] or nearest

    def picture_at(self, stated: str, *, beside: Path) -> Path | None:
        """Return the picture at a path that an annotation file, `beside`, states from its own folder, if there is one.

        None too if the path begins elsewhere.
        """
        return self._by_text.get(os.path.normpath(f"{folder_text(beside)}/{stated.replace(chr(92), '/')}"))

    def _at(self, name: str, beside: Path) -> Path | None:
        """Return the picture at a path below the folder of an annotation file or below the source, if there is one."""
        starts = self._starts(folder_text(beside))
        for start in starts:
            if path := self._by_text.get(start + name):
                return path
        texts = (os.path.normpath(start + name) for start in starts)  # which takes long, and is hardly ever needed
        return next((self._by_text[text] for text in texts if text in self._by_text), None)

    def _starts(self, folder: str) -> Sequence[str]:
        """Return what a name that is stated in a folder may follow."""
        if folder not in self._known_starts:
            possible = (f"{folder}/", f"{self.root}/", f"{self.root}/images/", "")
            self._known_starts[folder] = tuple(dict.fromkeys(possible))
        return self._known_starts[folder]

    @cached_property
    def _known_starts(self) -> dict[str, Sequence[str]]:
        return {}

    @cached_property
    def _by_text(self) -> Mapping[str, Path]:
        normal = str if os.path.normpath(self.root) == str(self.root) else os.path.normpath
        return {normal(path): path for path in self.pictures}

    def context_of(self, path: Path) -> str:
        """Return the context of a picture: the first folder that belongs neither to a layout nor to a subset."""
        return self.folder_of(path).context

    def subset_of(self, path: Path) -> Subset | None:
        """Return the subset that a folder of a picture names; the last one that does decides."""
        return self.folder_of(path).subset


@dataclass(frozen=True)
class Folder:
    """What the names of a folder and of those above it, up to the root, say of its pictures."""

    place: tuple[str, ...]
    context: str
    subset: Subset | None


def folder_text(path: Path) -> str:
    """Return the text of the folder of a file, several times as quickly as `Path.parent` makes a path of it."""
    return str(path).rpartition(os.sep)[0] or "."


def _asked_for(address: str) -> str:
    """Return the path that an address asks a server of Label Studio for; of any other its own, without a query."""
    _, key, asked = _ASKED.split(address, 1) if _ASKED.search(address) else ("", "", address)
    path = unquote(asked.partition("?")[0])
    if key == "fileuri":
        with suppress(ValueError):  # which is no base64, or no text
            path = base64.urlsafe_b64decode(f"{path}==").decode()
    return path.replace("\\", "/")


def _of_longest_tail(paths: list[Path], stated: str) -> list[Path]:
    """Return those of some pictures whose last folders agree longest with those of a stated name."""
    if len(paths) < 2:
        return paths
    wanted = [folded(part) for part in Path(stated).parts[:-1]][::-1]
    lengths = []
    for path in paths:
        own = [folded(part) for part in path.parts[:-1]][::-1]
        agree = [one == other for one, other in zip(own, wanted, strict=False)]
        lengths.append(agree.index(False) if False in agree else len(agree))
    return [path for path, length in zip(paths, lengths, strict=True) if length == max(lengths)]


def _stems(stem: str) -> Iterator[str]:
    """Yield what the stem of an annotation's picture may be, the likeliest first; escapes (``%20``) are undone last."""
    for written in dict.fromkeys((stem, unquote(stem))):
        key = stem_key(written)
        yield key
        bare = _HASH_PREFIX.sub("", stem_key(Path(written).stem) if is_picture(written) else key)
        if bare != key:
            yield bare
