"""Taxonomies as TOML: the built-in one, a workspace's own, and one inferred from the labels of annotations."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from toonvision.core.errors import UsageError, shown
from toonvision.core.names import folded, spelled_out
from toonvision.core.settings import read_settings
from toonvision.core.wording import listed
from toonvision.taxonomy.labels import (
    CLASSIFY,
    DETECT,
    KINDS,
    LABEL_LEVEL,
    LONGEST_NAME,
    PIXEL_LEVEL,
    SEGMENT,
    Category,
    Label,
    Level,
    Targets,
    Task,
    Taxonomy,
    color_at,
    control_characters,
    did_you_mean,
    is_name,
)

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}", re.ASCII)
_RESERVED = frozenset({"title", "color", LABEL_LEVEL, PIXEL_LEVEL})
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_MOST_FOUND_APART = 8
"""Labels that a detector had better distinguish by itself: it sees few examples of each of many."""
_FEW_LABELS = (
    "# One line per label, in the order of the network's outputs. To group labels, add a level, e.g.",
    '# [taxonomy.levels.kind], and write kind = "..." behind each label.',
)
_MANY_LABELS = (
    "# A detector finds objects of each kind. They are of one here, for of so many labels it would see few examples",
    "# each; the task label names them. Write other kinds where groups look different.",
    "[taxonomy.levels.kind]",
    "",
    "# One line per label, in the order of the network's outputs.",
)
MOST_PIXEL_CLASSES = 255
"""In a mask of 8 bits, whose value 255 stands for pixels that do not count."""
Color = Annotated[str, Field(pattern=f"^{_COLOR.pattern}$")]


class Strict(BaseModel):
    """A table of a TOML file; a key that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CategoryTable(Strict):
    """A class or a context in TOML; both keys are optional."""

    title: str | None = None
    color: Color | None = None


class LevelTable(Strict):
    """A level in TOML; without `classes` they are taken from the labels, in their order."""

    title: str | None = None
    classes: dict[str, CategoryTable] = {}


class TargetsTable(Strict):
    """The targets in TOML."""

    per_label: Annotated[int, Field(ge=0, le=1_000_000)] = Targets().per_label
    per_context: Annotated[int, Field(ge=0, le=1_000_000)] = Targets().per_context

    def build(self) -> Targets:
        """Return the value that the rest of the program uses."""
        return Targets(self.per_label, self.per_context)


class TaskTable(Strict):
    """A task in TOML; where it is a string, that is the level."""

    level: str
    kind: str = CLASSIFY

    @field_validator("kind")
    @classmethod
    def _kind_is_known(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"a kind of task is one of {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}")
        return kind

    @model_validator(mode="after")
    def _pixels_are_segmented(self) -> "TaskTable":
        if (self.level == PIXEL_LEVEL) != (self.kind == SEGMENT):
            raise ValueError(
                f"a task of the kind {SEGMENT} has the level {PIXEL_LEVEL}, and no other kind has; got the level "
                f"{self.level!r} and the kind {self.kind!r}"
            )
        return self


def _with_levels(tasks: Any) -> Any:
    """Read a task that is a string as its level."""
    if not isinstance(tasks, dict):
        return tasks
    return {name: {"level": task} if isinstance(task, str) else task for name, task in tasks.items()}


def _named_like_folders(tables: dict[str, Any]) -> dict[str, Any]:
    for name in tables:
        if not _PLAIN.fullmatch(name):
            raise ValueError(f"the name {name!r} must be made of letters, digits, dash and underscore")
    return tables


Tasks = Annotated[dict[str, TaskTable], BeforeValidator(_with_levels), AfterValidator(_named_like_folders)]
"""Tasks by name, in TOML."""


def _few_enough(classes: dict[str, CategoryTable]) -> dict[str, CategoryTable]:
    if not 2 <= len(classes) <= MOST_PIXEL_CLASSES:
        raise ValueError(f"masks have 2 to {MOST_PIXEL_CLASSES} classes of pixels; got {len(classes)}")
    return classes


Pixels = Annotated[dict[str, CategoryTable], AfterValidator(_named_like_folders), AfterValidator(_few_enough)]
"""Classes of pixels by name, in TOML: the first is the value 0 of a mask, the next the value 1, and so on."""


class TaxonomyTable(Strict):
    """A taxonomy in TOML, checked as a whole."""

    name: str = "custom"
    levels: dict[str, LevelTable] = {}
    labels: Annotated[dict[str, dict[str, str]], Field(min_length=1)]
    contexts: dict[str, CategoryTable] = {}
    tasks: Tasks = {}
    targets: TargetsTable = TargetsTable()
    pixels: Pixels = {}
    heights: dict[str, Annotated[float, Field(gt=0, le=1_000_000)]] = {}

    @field_validator("levels")
    @classmethod
    def _names_can_be_folders(cls, levels: dict[str, Any]) -> dict[str, Any]:
        for name in levels:
            if name in _RESERVED:
                raise ValueError(f"a level cannot be called {name!r}, which is reserved")
        return _named_like_folders(levels)

    @field_validator("labels")
    @classmethod
    def _labels_differ_by_more_than_case(cls, labels: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        require_distinct(labels)
        return labels

    @model_validator(mode="after")
    def _names_and_titles_fit_a_line(self) -> "TaxonomyTable":
        texts = [self.name]
        for label, entry in self.labels.items():
            texts += [label, *entry.values()]
        for level in self.levels.values():
            texts.append(level.title or "")
            texts += [text for name, table in level.classes.items() for text in (name, table.title or "")]
        for text in texts:
            if not is_name(text):
                odd = control_characters(text)
                has = (
                    f"the control character {odd[0]!r}; none is"
                    if odd
                    else (f"{len(text):,} characters; at most {LONGEST_NAME:,} are")
                )
                raise ValueError(f"the name or title {shown(text)} has {has} allowed")
        return self

    @model_validator(mode="after")
    def _names_are_known(self) -> "TaxonomyTable":
        for label, entry in self.labels.items():
            if not _COLOR.fullmatch(entry.get("color", color_at(0))):
                raise ValueError(f"label {label!r} has the color {entry['color']!r}, which is not like #0072B2")
            for key, value in entry.items():
                if key not in {"title", "color", *self.levels}:
                    raise ValueError(
                        f"label {label!r} names the level {key!r}, which is not among {sorted(self.levels)}."
                        f"{did_you_mean(key, self.levels)}"
                    )
                declared = self.levels[key].classes if key in self.levels else {}
                if declared and value not in declared:
                    raise ValueError(
                        f"label {label!r} has {key} {value!r}, which is not among {sorted(declared)}."
                        f"{did_you_mean(value, declared)}"
                    )
        for name, task in self.tasks.items():
            if task.level not in (known := [*self.levels, LABEL_LEVEL, *([PIXEL_LEVEL] if self.pixels else [])]):
                raise ValueError(f"task {name!r} predicts the level {task.level!r}, which is not among {known}")
        for name in self.heights:
            if name not in self.labels:
                hint = did_you_mean(name, self.labels)
                raise ValueError(f"heights names the label {name!r}, which is not among the labels.{hint}")
        return self

    def build(self) -> Taxonomy:
        """Return the value that the rest of the program uses."""
        labels = tuple(
            Label(
                name,
                entry.get("title", name),
                {level: entry[level] for level in self.levels if level in entry},
                entry.get("color", color_at(index)),
            )
            for index, (name, entry) in enumerate(self.labels.items())
        )
        tasks = self.tasks or {name: TaskTable(level=name) for name in [*self.levels] or [LABEL_LEVEL]}
        return Taxonomy(
            name=self.name,
            levels=tuple(_level(name, table, labels) for name, table in self.levels.items()),
            labels=labels,
            contexts=_categories(self.contexts),
            tasks=tuple(Task(name, task.level, task.kind) for name, task in tasks.items()),
            targets=self.targets.build(),
            pixels=_categories(self.pixels),
            heights=self.heights,
        )


def require_distinct(labels: Iterable[str]) -> None:
    """Refuse labels that differ only by case or Unicode form: labels name files, and some file systems ignore both.

    Raises:
        ValueError: If two labels do; names them.
    """
    seen: dict[str, str] = {}
    for label in labels:
        other = seen.setdefault(folded(label), label)
        if other != label:
            named = listed([*spelled_out([other, label]).values()])
            raise ValueError(f"the labels {named} differ by case or Unicode form alone")


def built_in(name: str) -> Taxonomy:
    """Load a taxonomy that comes with the package.

    Raises:
        UsageError: If there is no such taxonomy.

    Examples:
        >>> toontown = built_in("toontown")
        >>> [suit.title for suit in toontown.level("suit").classes]
        ['Bossbot', 'Lawbot', 'Cashbot', 'Sellbot']
    """
    resource = files("toonvision.taxonomy") / f"{name}.toml"
    if not re.fullmatch(r"[a-z]+", name) or not resource.is_file():
        raise UsageError(f"the only built-in taxonomy is 'toontown'; got {name!r}.")
    return read_settings(Path(str(resource)), TaxonomyTable).build()


def built_in_name(taxonomy: Taxonomy) -> str:
    """Return the name of a taxonomy that comes with the package, just as it is; an empty text for any other one.

    Examples:
        >>> built_in_name(built_in("toontown"))
        'toontown'
    """
    try:
        return taxonomy.name if built_in(taxonomy.name).digest == taxonomy.digest else ""
    except UsageError:
        return ""


def with_contexts(taxonomy: Taxonomy, tables: Mapping[str, CategoryTable]) -> Taxonomy:
    """Return a taxonomy with more contexts; one that it has already gets the title and the colour of its table."""
    used = {context.color for context in taxonomy.contexts}
    free = [color for color in map(color_at, range(len(used) + len(tables))) if color not in used]
    contexts = {context.name: context for context in taxonomy.contexts}
    for (name, table), color in zip(tables.items(), free, strict=False):
        contexts[name] = Category(name, table.title or name, table.color or color)
    return replace(taxonomy, contexts=tuple(contexts.values()))


def with_pixels(taxonomy: Taxonomy, tables: Mapping[str, CategoryTable]) -> Taxonomy:
    """Return a taxonomy with other classes of pixels; with the same ones if there are no tables."""
    return replace(taxonomy, pixels=_categories(tables)) if tables else taxonomy


def with_tasks(taxonomy: Taxonomy, tables: Mapping[str, TaskTable]) -> Taxonomy:
    """Return a taxonomy with more tasks; one that it has already is replaced.

    Raises:
        UsageError: If a task has a level that there is not.
    """
    tasks = {task.name: task for task in taxonomy.tasks}
    for name, table in tables.items():
        tasks[name] = Task(name, taxonomy.level(table.level).name, table.kind)
    return replace(taxonomy, tasks=tuple(tasks.values()))


def infer(labels: Sequence[str], *, has_boxes: bool = False) -> str:
    """Return the text of a ``[taxonomy]`` table with the task `label`, whose classes are the labels, in their order.

    It lists no contexts, so that every folder is one, those of later screenshots too.

    Args:
        labels: The labels.
        has_boxes: Whether objects have boxes in larger pictures. Then there is a task `detect`, too, which finds them:
            those of each label, or where there are more than eight, objects of any label, which `label` names.
    """
    distinct = list(dict.fromkeys(labels))
    are_many = has_boxes and len(distinct) > _MOST_FOUND_APART
    level, kind = ("kind", ', kind = "object"') if are_many else (LABEL_LEVEL, "")
    tasks = {LABEL_LEVEL: quoted(LABEL_LEVEL)}
    if has_boxes:
        tasks[DETECT] = f"{{ level = {quoted(level)}, kind = {quoted(DETECT)} }}"
    lines = [
        "[taxonomy]",
        'name = "inferred"',
        "",
        *(_MANY_LABELS if are_many else _FEW_LABELS),
        "[taxonomy.labels]",
        *(f"{quoted(label)} = {{ title = {quoted(label)}{kind} }}" for label in distinct),
        "",
        "# Each folder of screenshots is a context. Where some are listed, no other one is: [taxonomy.contexts], and",
        '# garden = { title = "Garden", color = "#009E73" } in a line for each.',
        "",
        "[taxonomy.tasks]",
        *(f"{name} = {table}" for name, table in tasks.items()),
    ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Return a TOML basic string, which is JSON's apart from the one control character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _level(name: str, table: LevelTable, labels: Sequence[Label]) -> Level:
    if table.classes:
        return Level(name, table.title or name, _categories(table.classes))
    names = dict.fromkeys(label.classes[name] for label in labels if name in label.classes)
    titles = {label.classes[name]: label.title for label in labels if name in label.classes}
    times = Counter(label.classes.get(name) for label in labels)  # the title of a class's only label is its own
    derived = (Category(c, titles[c] if times[c] == 1 else c, color_at(i)) for i, c in enumerate(names))
    return Level(name, table.title or name, tuple(derived))


def _categories(tables: Mapping[str, CategoryTable]) -> tuple[Category, ...]:
    return tuple(
        Category(name, table.title or name, table.color or color_at(index))
        for index, (name, table) in enumerate(tables.items())
    )
