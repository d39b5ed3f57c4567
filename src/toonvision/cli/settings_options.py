"""The options of a training, made from its settings: every command that trains has the same ones."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any

import typer

from toonvision.cli.panels import ADVANCED, PanelCommand
from toonvision.core.options import Setting, settings_of
from toonvision.tasks.settings import Augmentation, TrainingSettings

SETTINGS = {**settings_of(TrainingSettings), **settings_of(Augmentation)}
Defaults = Callable[[Sequence[str]], TrainingSettings]
"""From a command's arguments to the settings that it would use without any of these options."""


def training_options(names: Collection[str] = tuple(SETTINGS)) -> list[inspect.Parameter]:
    """Return the parameters of a command that is given settings of a training; None means that one is not given.

    Args:
        names: Which fields of `TrainingSettings` and `Augmentation` may be given.
    """
    return [_parameter(setting) for name, setting in SETTINGS.items() if name in names]


def _parameter(setting: Setting) -> inspect.Parameter:
    option = setting.option
    number = setting.kind in (int, float)
    info = typer.Option(
        f"{setting.flag}/--no-{setting.flag[2:]}" if setting.kind is bool else setting.flag,
        min=option.minimum if number else None,
        max=option.maximum if number else None,
        help=f"{option.help[:-1]}, in {option.unit}." if option.unit else option.help,
        rich_help_panel=None if option.common else ADVANCED,
    )
    kind: Any = setting.kind | None
    annotation = Annotated[kind, info]
    return inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def command_with_defaults(defaults: Defaults) -> type[PanelCommand]:
    """Return the class of a command whose help shows the defaults that its other arguments lead to."""

    class CommandWithDefaults(PanelCommand):
        """A command that trains: its help names the values of the network, or the recipe, that was asked for."""

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if "--help" in args or "-h" in args:
                values = default_values(defaults(args))
                for parameter in self.params:
                    if parameter.name in values:
                        parameter.default = values[parameter.name]
                        parameter.show_default = True if values[parameter.name] is not None else "not used"  # type: ignore[attr-defined]
            return super().parse_args(ctx, args)

    return CommandWithDefaults


def default_values(settings: TrainingSettings) -> Mapping[str, object]:
    """Return the value of each setting by name; None where it has no effect.

    Examples:
        >>> [default_values(TrainingSettings(schedule=one))["patience"] for one in ("constant", "cosine")]
        [5, None]
    """
    values = {**vars(settings.augmentation), **vars(settings)}
    if settings.takes_all_epochs:
        values["patience"] = None
    return {name: values[name] for name in SETTINGS}


def argument_after(option: str, arguments: Sequence[str], default: str) -> str:
    """Return what stands after an option among a command's arguments.

    Examples:
        >>> argument_after("--model", ["label", "--model=tuned", "--help"], "compact")
        'tuned'
    """
    for index, argument in enumerate(arguments):
        if argument == option and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return default
