"""Setting up a workspace: an empty one, or one around annotated pictures."""

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.files import write_bytes
from toonvision.core.grouping import grouped
from toonvision.core.names import folded, spelled_out
from toonvision.core.settings import read_settings
from toonvision.core.wording import counted, listed
from toonvision.data.formats.layout import READERS
from toonvision.data.formats.names import Format
from toonvision.data.label_rules import LabelRules
from toonvision.data.overview import SourceOverview, understand
from toonvision.data.workspace import (
    DEFAULT_SIZE_HW,
    SCREENSHOTS,
    SETTINGS,
    Workspace,
    create_workspace,
    narrowed,
    workspace_settings,
)
from toonvision.taxonomy.labels import did_you_mean
from toonvision.taxonomy.loader import TaxonomyTable, built_in, infer

INFER, BUILT_IN = "infer", "toontown"
_TAXONOMY_FILE = "taxonomy.toml"
_SMALLEST, _LARGEST, _STEP = 48, 1000, 8


@dataclass(frozen=True)
class SetupRequest:
    """What is asked of a new workspace.

    Attributes:
        source: A folder of annotated pictures; None for an empty workspace.
        taxonomy: ``toontown``, ``infer``, or the path of a TOML file. By default ToonTown's, unless the source has
            labels of which it knows none.
        format: The format to read the source in; by default the likeliest one.
        rules: Labels of the source that are left out, and spellings that are read as one label.
    """

    source: Path | None = None
    taxonomy: str | None = None
    format: str | None = None
    rules: LabelRules = field(default_factory=LabelRules)


@dataclass(frozen=True)
class SetupPlan:
    """A workspace as it is going to be made; so far nothing is written.

    Attributes:
        root: Its folder.
        taxonomy: Its taxonomy, as `create_workspace` wants it.
        taxonomy_from: Where the taxonomy came from, in words.
        taxonomy_file: The content of a taxonomy's file that is copied into it.
        size_hw: Height and width in pixels at which crops enter a network.
        rules: What is done to labels.
        overview: What was understood of its source, if it has one.
        is_assumed: Whether ToonTown's taxonomy was taken because nothing says which game it is.
        is_inferred: Whether the taxonomy was inferred from the labels of its source.
    """

    root: Path
    taxonomy: str
    taxonomy_from: str
    taxonomy_file: bytes | None = None
    size_hw: tuple[int, int] = DEFAULT_SIZE_HW
    rules: LabelRules = field(default_factory=LabelRules)
    overview: SourceOverview | None = None
    is_assumed: bool = False
    is_inferred: bool = False

    @property
    def source(self) -> tuple[Format, Path] | None:
        """Format and folder of its source."""
        return (self.overview.layout.format, self.overview.root) if self.overview else None


def plan_setup(root: Path, request: SetupRequest) -> SetupPlan:
    """Plan a workspace: read its source, choose its taxonomy; nothing is written.

    Raises:
        UsageError: If there is a workspace already, or the request contradicts itself.
        InputRejectedError: If the source or the taxonomy cannot be used.
    """
    source = request.source
    if (root / SETTINGS).exists():
        raise UsageError(f"{root / SETTINGS} exists already; nothing was changed. Edit it, or choose another folder.")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root}: is no folder. Choose another folder.")
    if source is None:
        if request.taxonomy == INFER:
            raise UsageError("a taxonomy is inferred from labels. Name their folder with --from.")
        if request.format or request.rules.gone:
            raise UsageError("--format, --ignore and --same are about a source. Name its folder with --from.")
        plan = _with_given_taxonomy(root, request.taxonomy or BUILT_IN, request.rules, None)
        return plan if request.taxonomy else replace(plan, taxonomy_from="assumed to be ToonTown's", is_assumed=True)
    if source.resolve() == root.resolve():
        raise UsageError(
            f"{root}: a workspace cannot be its own source, since it would read its own crops. Make it in a folder of "
            f"its own, or move the pictures to {root / SCREENSHOTS}."
        )
    overview = understand(source, format_=_format(request.format), rules=request.rules)
    _require_objects(overview, request.rules)
    chosen = request.taxonomy or (INFER if overview.labels.keys().isdisjoint(built_in(BUILT_IN).by_name) else BUILT_IN)
    if chosen != INFER:
        return _checked(_with_given_taxonomy(root, chosen, request.rules, overview))
    _require_distinct(overview)
    taxonomy = infer(sorted(overview.labels), has_boxes=overview.has_boxes)
    words, size_hw = f"inferred from the {counted(len(overview.labels), 'label')} found", suggest_size_hw(overview)
    plan = SetupPlan(root, taxonomy, words, size_hw=size_hw, rules=request.rules, overview=overview, is_inferred=True)
    return _checked(plan)


def _checked(plan: SetupPlan) -> SetupPlan:
    """Refuse a plan that could not be carried out."""
    workspace_settings(plan.root, taxonomy=plan.taxonomy, size_hw=plan.size_hw, source=plan.source, rules=plan.rules)
    return plan


def carry_out(plan: SetupPlan) -> Workspace:
    """Make a workspace as planned; pictures of a source stay where they are, nothing is copied.

    Raises:
        UsageError: If there is a workspace by now.
    """
    if plan.taxonomy_file is not None:
        write_bytes(plan.root / _TAXONOMY_FILE, plan.taxonomy_file)
    return create_workspace(
        plan.root, taxonomy=plan.taxonomy, size_hw=plan.size_hw, source=plan.source, rules=plan.rules
    )


def suggest_size_hw(overview: SourceOverview) -> tuple[int, int]:
    """Suggest an input size with the shape of the typical box and about the pixels of the published size at most.

    Returns:
        Height and width in pixels, multiples of 8, from 48 to 1000.
    """
    width, height = overview.typical_size_wh or DEFAULT_SIZE_HW[::-1]
    shrink = min(1.0, (DEFAULT_SIZE_HW[0] * DEFAULT_SIZE_HW[1] / max(1.0, width * height)) ** 0.5)
    steps = (round(side * shrink / _STEP) for side in (height, width))
    high, wide = (min(_LARGEST, max(_SMALLEST, step * _STEP)) for step in steps)
    return high, wide


def _format(given: str | None) -> Format | None:
    """Return the format of a name."""
    if given is None:
        return None
    found = next((name for name in READERS if name == given), None)
    if found is None:
        raise UsageError(f"--format is one of {', '.join(READERS)}; got {given!r}.{did_you_mean(given, READERS)}")
    return found


def _require_objects(overview: SourceOverview, rules: LabelRules) -> None:
    if overview.labels:
        return
    others = "".join(f" It could also be read as {one.words}: --format {one.format}." for one in overview.others)
    what = f"{overview.root}: no annotated object was found (read as {overview.layout.words})"
    if rules.ignored:
        raise InputRejectedError(f"{what} besides those of --ignore. Leave out less.", overview.findings)
    remedy = "Correct what is listed here" if overview.losses else "Draw boxes first"
    raise InputRejectedError(f"{what}. {remedy}.{others}", overview.findings)


def _require_distinct(overview: SourceOverview) -> None:
    """Refuse labels that differ only by case or Unicode form, with the options that join them."""
    alike = grouped(overview.labels, folded)  # the most frequent one comes first
    groups = [group for group in alike.values() if len(group) > 1]
    if not groups:
        return
    named = [
        [f"{spelled} ({counted(overview.labels[label], 'object')})" for label, spelled in spelled_out(group).items()]
        for group in groups
    ]
    pairs = "; ".join(map(listed, named))
    options = [f"--same {shlex.quote(f'{kept}={other}')}" for kept, *others in groups for other in others]
    raise InputRejectedError(
        f"{overview.root}: labels differ by case or Unicode form alone: {pairs}. They name files, which some systems "
        f"cannot distinguish. To read them as one label, add: {' '.join(options)}"
    )


def _with_given_taxonomy(root: Path, given: str, rules: LabelRules, overview: SourceOverview | None) -> SetupPlan:
    """Plan for a taxonomy that was asked for; a file is copied into the workspace, so that the two stay together."""
    path = Path(given)
    is_file = path.suffix == ".toml"
    taxonomy = read_settings(path, TaxonomyTable).build() if is_file else built_in(given)
    narrowed(taxonomy, rules, root / SETTINGS)
    overview = overview and overview.known_to(taxonomy)
    if not is_file:
        return SetupPlan(root, given, f"those of the built-in {given}", rules=rules, overview=overview)
    copy = root / _TAXONOMY_FILE
    content = path.read_bytes()
    if copy.exists() and copy.read_bytes() != content:
        raise UsageError(f"{copy} exists already, and is another one; nothing was changed. Move it away, or name it.")
    words, size_hw = f"those of {path}, copied to {copy}", suggest_size_hw(overview) if overview else DEFAULT_SIZE_HW
    return SetupPlan(root, _TAXONOMY_FILE, words, content, size_hw=size_hw, rules=rules, overview=overview)
