"""Options of commands, made from the settings that they are: each is described once, beside its field."""

import inspect
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from toonvision.cli.panels import ADVANCED, PanelCommand
from toonvision.core.errors import ToonVisionError
from toonvision.core.options import Setting, settings_of
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.models.registry import DEFAULT_NETWORK
from toonvision.tasks.settings import TRAINING_OPTIONS, TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY, DETECT
from toonvision.tuning.options import DEFAULTS, SearchOptions
from toonvision.watch.order import WatchOrder

if TYPE_CHECKING:
    from toonvision.data.workspace import Workspace
    from toonvision.taxonomy.labels import Task

SEARCH = settings_of(SearchOptions)
Typed = Mapping[str, Any]
"""What was typed for each parameter of a command, as text; what was not typed is missing or None."""
Defaults = Callable[[Typed], Mapping[str, object]]
"""From what was typed to the value of each setting that is not given; None where it has no effect."""


def training_options(names: Collection[str] = tuple(TRAINING_OPTIONS)) -> list[inspect.Parameter]:
    """Return the parameters of a command that is given settings of a training; one that is not given is None.

    Args:
        names: Which fields of `TrainingSettings` and `Augmentation`.
    """
    return [_parameter(setting) for name, setting in TRAINING_OPTIONS.items() if name in names]


def curve_options() -> list[inspect.Parameter]:
    """Return the parameters of a learning curve; its epochs are those of the whole training subset."""
    epochs = TRAINING_OPTIONS["epochs"]
    text = "Passes at the full size; smaller shares get as many steps."
    return [_parameter(replace(epochs, option=replace(epochs.option, help=text)))]


def search_options() -> list[inspect.Parameter]:
    """Return the parameters of a command that is given `SearchOptions`; one that is not given is None."""
    as_text = {"space": ("space", Path), "size_hw": ("size", str)}
    return [_parameter(setting, *as_text.get(name, ())) for name, setting in SEARCH.items()]


def watch_options() -> list[inspect.Parameter]:
    """Return the parameters of a command that is given a `WatchOrder`, whose defaults they have."""
    return [_parameter(setting, default=setting.default, panel=None) for setting in settings_of(WatchOrder).values()]


def _parameter(
    setting: Setting, name: str = "", kind: Any = None, *, default: object = None, panel: str | None = ADVANCED
) -> inspect.Parameter:
    """Return the parameter for a setting; its name and type may differ where a shell gives it as text.

    What is false by default can only be switched on; where None stands for a recipe's value, it goes either way.
    """
    option, kind = setting.option, kind or setting.kind
    number = get_args(kind)[:1] in ((int,), (float,)) or kind in (int, float)
    either_way = default is not False and bool in (kind, *get_args(kind))
    info = typer.Option(
        f"{setting.flag}/--no-{setting.flag[2:]}" if either_way else setting.flag,
        min=option.minimum if number else None,
        max=option.maximum if number else None,
        help=f"{option.help[:-1]}, in {option.unit}." if option.unit else option.help,
        show_default=option.otherwise or True,
        rich_help_panel=None if option.common else panel,
    )
    annotation: Any = Annotated[kind | None, info]
    name = name or setting.name
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def command_with_defaults(defaults: Defaults) -> type[PanelCommand]:
    """Return the class of a command whose help shows the defaults that its other arguments lead to."""

    class CommandWithDefaults(PanelCommand):
        """A command that trains: its help names the values of the network, or the recipe, that was asked for."""

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            typed = self.typed(ctx, args)
            if typed.get("help"):
                values = defaults(typed)
                for parameter in self.params:
                    if parameter.name in values:
                        parameter.default = values[parameter.name]
                        parameter.show_default = True if parameter.default is not None else "not used"  # type: ignore[attr-defined]
            return super().parse_args(ctx, args)

    return CommandWithDefaults


def training_defaults(settings: TrainingSettings) -> Mapping[str, object]:
    """Return the value of each setting by name; None where it has no effect.

    Examples:
        >>> [training_defaults(TrainingSettings(schedule=one))["patience"] for one in ("constant", "cosine")]
        [5, None]
    """
    values = {**vars(settings.augmentation), **vars(settings)}
    if settings.takes_all_epochs:
        values["patience"] = None
    return {name: values[name] for name in TRAINING_OPTIONS}


def train_defaults(typed: Typed) -> Mapping[str, object]:
    """Return the recipe for the network and the task that were typed."""
    return training_defaults(_recipe(typed, _named_task(typed), split=typed.get("split") or DEFAULT_SPLIT))


def suspects_defaults(typed: Typed) -> Mapping[str, object]:
    """Return how a search for suspect labels of the task that was typed trains."""
    from toonvision.studies.box_suspects import BoxSuspectOptions
    from toonvision.studies.suspects import SEARCH_SETTINGS

    named = _named_task(typed)
    if named is None or named[1].kind == CLASSIFY:
        return training_defaults(SEARCH_SETTINGS)
    folds = typed.get("folds") or ""
    left_out = 1 / (int(folds) if folds.isdecimal() and int(folds) else BoxSuspectOptions.folds)
    return training_defaults(_recipe(typed, named, split=None, learned=1 - left_out))


def _named_task(typed: Typed) -> "tuple[Workspace, Task] | None":
    """Return the workspace and its task that were typed; None where there is no such."""
    from toonvision.data.workspace import open_workspace

    try:
        workspace = open_workspace(Path(typed.get("workspace") or "."), untouched=True)
        return workspace, workspace.taxonomy.task(typed["task"] or "")
    except ToonVisionError:
        return None


def _recipe(
    typed: Typed, named: "tuple[Workspace, Task] | None", *, split: str | None, learned: float = 1.0
) -> TrainingSettings:
    """Return the recipe for what a workspace holds, or where it holds nothing yet, for few images."""
    from toonvision.tasks.registry import kind_of
    from toonvision.training.recipes import recipe_in, settings_for

    network = typed.get("model") or (kind_of(named[1]).default_network if named else DEFAULT_NETWORK)
    if named is not None:
        with suppress(ToonVisionError):
            return recipe_in(*named, network, split=split, learned=learned)
    return settings_for(network)


def search_defaults(typed: Typed) -> Mapping[str, object]:
    """Return what a search does by the task and the recipe that were typed."""
    from toonvision.tuning.recipes import detector_epochs, recipe_for

    named = _named_task(typed)
    if named is not None and named[1].kind == DETECT:
        usual = _recipe(typed, named, split=typed.get("split") or DEFAULTS["split"])
        shorter = training_defaults(replace(usual, epochs=detector_epochs(usual)))
        return {name: value for name, value in {**shorter, **DEFAULTS, "recipe": None}.items() if name in SEARCH}
    recipe = recipe_for("compact" if typed.get("recipe") == "compact" else "published", (600, 200))
    values = {**training_defaults(recipe.training), **DEFAULTS}
    return {name: value for name, value in values.items() if name in SEARCH}
