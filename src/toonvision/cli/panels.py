"""Help texts whose commands and options stand under headings, in plain text of any width."""

from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from toonvision.core.errors import UsageError

ADVANCED = "Advanced"
_LONGEST = 200


class PanelCommand(TyperCommand):
    """A command whose help shows advanced options after the others, and that takes no empty text for a path."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what was typed; an empty path is refused, since it would mean the current folder."""
        typed, _, _ = self.make_parser(ctx).parse_args(list(args))
        rest = super().parse_args(ctx, args)
        for parameter in self.params:
            values = ctx.params.get(parameter.name)
            if _holds(typed.get(parameter.name), "") and _holds(values, Path()):
                raise UsageError(f"{parameter.opts[0]} is a path; got an empty text.")
        return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, options and advanced options."""
        records: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], ADVANCED: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                title = "Arguments" if parameter.param_type_name == "argument" else "Options"
                records[getattr(parameter, "rich_help_panel", None) or title].append(record)
        for title, listed in records.items():
            if listed:
                common = title == "Options" and records[ADVANCED]
                with formatter.section("Common" if common else title):
                    formatter.write_dl(listed)


def _holds(given: object, value: object) -> bool:
    return value in given if isinstance(given, list | tuple) else given == value


class PanelGroup(TyperGroup):
    """A program whose help shows its commands in groups, in the order of work."""

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write each group of commands, every command with its first sentence."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            title = getattr(command, "rich_help_panel", None) or "Commands"
            groups.setdefault(title, []).append((name, command.get_short_help_str(_LONGEST)))
        for title, listed in groups.items():
            with formatter.section(title):
                formatter.write_dl(listed)
