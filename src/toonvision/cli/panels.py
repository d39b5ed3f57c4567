"""Help texts whose commands and options stand under headings, in plain text of any width."""

from typing import Any

from typer.core import TyperCommand, TyperGroup

ADVANCED = "Advanced"
_LONGEST = 200


class PanelCommand(TyperCommand):
    """A command whose help shows advanced options after the others."""

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
