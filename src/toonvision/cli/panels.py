"""Help texts whose commands and options stand under headings, in plain text of any width."""

from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from toonvision.core.options import require_path
from toonvision.taxonomy.labels import did_you_mean

ADVANCED = "Advanced"
_LONGEST = 200


class PanelCommand(TyperCommand):
    """A command whose help shows advanced options after the others, and that takes no empty text for a path."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what was typed; an empty path is refused, since it would mean the current folder."""
        typed = self.typed(ctx, args)
        rest = super().parse_args(ctx, args)
        for parameter in self.params:
            values = ctx.params.get(parameter.name)
            if _holds(typed.get(parameter.name), "") and _holds(values, Path()):
                require_path(parameter.opts[0], "")
        return rest

    def typed(self, ctx: Any, args: list[str]) -> dict[str, Any]:
        """Return what was typed for each parameter, as text; what was not typed is missing or None."""
        return self.make_parser(ctx).parse_args(list(args))[0]

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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command; of a word that is none, say the nearest one, or the command that has it as an option."""
        word = args[0]
        if ctx.resilient_parsing or word.startswith("-") or self.get_command(ctx, word):
            return super().resolve_command(ctx, args)
        hint = did_you_mean(word, self.commands) or self._as_option(ctx, word)
        return ctx.fail(f"No such command {word!r}.{hint}")

    def _as_option(self, ctx: Any, word: str) -> str:
        """Return the only command that has an option of a name, with a leading blank; an empty text for any other."""
        flag = f"--{word}"
        having = [name for name, one in self.commands.items() if any(flag in p.opts for p in one.get_params(ctx))]
        return f" It is an option: {ctx.command_path} {having[0]} {flag}" if len(having) == 1 else ""

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write each group of commands, every command with its first sentence."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            title = getattr(command, "rich_help_panel", None) or "Commands"
            groups.setdefault(title, []).append((name, command.get_short_help_str(_LONGEST)))
        for title, listed in groups.items():
            with formatter.section(title):
                formatter.write_dl(listed)
