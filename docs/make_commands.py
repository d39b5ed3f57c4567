"""Write docs/commands.md from the help texts, so that the page cannot differ from the program."""

from pathlib import Path

from typer.testing import CliRunner

from toonvision.cli.app import app

PAGE = Path(__file__).with_name("commands.md")


def page() -> str:
    """Return the page: the root's help, then each command's."""
    runner = CliRunner()
    environment = {"COLUMNS": "100", "TERMINAL_WIDTH": "100"}

    def help_of(*command: str) -> str:
        return runner.invoke(app, [*command, "--help"], prog_name="toonvision", env=environment).output.strip()

    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    sections = [f"## {name}\n\n```text\n{help_of(name)}\n```" for name in names]
    return "\n\n".join(["# Commands", f"```text\n{help_of()}\n```", *sections]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
