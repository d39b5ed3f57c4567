"""Remedies, each with an input that lets it be printed and with what carries it out literally.

A folder holds the source `s` and the workspace `w`. A step changes files in it; it may return options that the next
`init` is called with. In `says`, three dots stand for what differs from case to case.
"""

import ast
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

import toonvision
from toonvision.cli.app import app

Step = Callable[[Path], object]
SOURCE = Path(toonvision.__file__).parent
XML = "s/garden/shot_00.xml"
PNG = "s/garden/shot_00.png"
TOML = "w/toonvision.toml"
KEPT = "as it was"


@dataclass(frozen=True)
class Remedy:
    """A remedy that is printed.

    Attributes:
        says: The remedy as it is printed.
        spoil: What lets it be printed.
        cures: Ways to carry it out: each of those that it names.
        on: The format of the source; ``workspace`` for pictures in the workspace's own folder.
        verbs: The steps after `init`.
        before: What is done before the fault comes about, after `init`; empty where it is there from the beginning.
    """

    says: str
    spoil: Step
    cures: tuple[Step, ...]
    on: str = "voc"
    verbs: tuple[str, ...] = ("extract",)
    before: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a message is searched for."""
        says = re.escape(self.says).replace(re.escape("..."), ".+?")
        return re.compile(rf"\({says}\)|(^|[.;:,?] ){says}\.?$", re.DOTALL)


def steps(*all_of: Step) -> Step:
    def do(base: Path) -> None:
        for one in all_of:
            one(base)

    return do


def text(name: str, content: str | bytes) -> Step:
    """Write a file."""

    def write(base: Path) -> None:
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def put(name: str, good: str, bad: str) -> Step:
    """Replace the first occurrence of a text in a file."""

    def write(base: Path) -> None:
        there = (base / name).read_text(encoding="utf-8")
        assert good in there, f"{name} does not hold {good}"
        (base / name).write_text(there.replace(good, bad, 1), encoding="utf-8")

    return write


def edit(name: str, good: str, bad: str) -> tuple[Step, tuple[Step, ...]]:
    """Return what spoils a text in a file, and what corrects it."""
    return put(name, good, bad), (put(name, bad, good),)


def remove(*names: str) -> Step:
    def unlink(base: Path) -> None:
        for name in names:
            path = base / name
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    return unlink


def move(old: str, new: str) -> Step:
    def rename(base: Path) -> None:
        (base / new).parent.mkdir(parents=True, exist_ok=True)
        (base / old).rename(base / new)

    return rename


def copy(old: str, new: str) -> Step:
    def duplicate(base: Path) -> None:
        (base / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(base / old, base / new)

    return duplicate


def as_before(base: Path) -> None:
    """Put the source back as it was before it was spoiled."""
    shutil.rmtree(base / "s")
    shutil.copytree(base / KEPT, base / "s", symlinks=True)


def spoiled(spoil: Step) -> tuple[Step, tuple[Step, ...]]:
    """Return what spoils the source, and what corrects, draws or exports it as it was."""
    return spoil, (as_before,)


def top(name: str, lines: str) -> Step:
    """Write lines at the beginning of a file."""
    return lambda base: (base / name).write_text(f"{lines}\n{(base / name).read_text(encoding='utf-8')}", "utf-8")


def end(name: str, lines: str) -> Step:
    """Write lines at the end of a file."""
    return lambda base: (base / name).write_text(f"{(base / name).read_text(encoding='utf-8')}{lines}\n", "utf-8")


def options(**given: object) -> Step:
    """Call the next `init` with options."""
    return lambda _: given


def printed(_: Path) -> object:
    """Run the command that is printed."""
    return "the command"


def run(*words: str) -> Step:
    """Run a command of the program on the workspace, as a remedy says."""

    def command(base: Path) -> None:
        outcome = CliRunner().invoke(app, [*words, "-w", str(base / "w")])
        assert outcome.exit_code == 0, outcome.output

    return command


def without_object(name: str) -> Step:
    """Remove the first object of an XML file."""

    def write(base: Path) -> None:
        there = (base / name).read_text(encoding="utf-8")
        (base / name).write_text(re.sub(r"<object>.*?</object>", "", there, count=1, flags=re.DOTALL), "utf-8")

    return write


EXTRACTED = ("extract",)


def pictures_of(base):
    """Return the names of the source's files below the folder, sorted."""
    return sorted(path.relative_to(base).as_posix() for path in (base / "s").rglob("*") if path.is_file())


def steps_then(step, last):
    """Return what does a step, and then another one, whose options count."""

    def do(base):
        step(base)
        return last(base)

    return do


def in_every_annotation(old, new):
    def replace(base):
        for path in (base / "s").rglob("*.xml"):
            path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    return replace


def command_in(message: str) -> list[str]:
    """Return the words of the command that a message prints, without the program's name."""
    found = re.search(r"toonvision ((?:rebuild|extract|split)(?: --?[a-z]+(?: [^-\s),]+)?)*)", message)
    assert found, f"no command in {message!r}"
    return [word for word in shlex.split(found[1]) if word != "-w" and not word.startswith("/")]


# What the sources of the program say.

_OUT_OF_SCOPE = {
    "data/masks.py": "masks are written by the sample world alone",
    "data/arrays.py": "arrays are read by trainings",
    "data/pixel_masks.py": "masks are read by trainings",
    "core/installed.py": "about libraries",
    "core/names.py": "about runs and studies",
    "core/options.py": "about trainings and searches",
    "api/training.py": "about trainings",
    "api/run.py": "about trainings",
    "api/detecting.py": "about runs",
    "api/segmenting.py": "about runs",
    "api/two_stage.py": "about runs",
    "api/explaining.py": "about explanations",
    "cli/model_verbs.py": "about runs",
    "cli/predict_verb.py": "about files that are asked for",
    "cli/study_verbs.py": "about studies",
    "cli/sample_world.py": "about the sample world",
}
_TEXTS = {"Finding": 2, "RejectedItemError": 1}
_WHOLE = ("InputRejectedError", "UsageError")


def templates() -> Iterator[tuple[str, str]]:
    """Yield where a remedy stands in the program, and its text with a hole, ``{}``, for each value."""
    for stage in ("core", "taxonomy", "data", "api", "cli"):
        for path in sorted((SOURCE / stage).rglob("*.py")):
            name = path.relative_to(SOURCE).as_posix()
            if name not in _OUT_OF_SCOPE:
                tree = ast.parse(path.read_text(encoding="utf-8"))
                yield from ((f"{name}:{line}", one) for line, one in _remedies(tree) if re.search("[a-z]{2}", one))


def _remedies(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in _TEXTS:
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                given |= {} if any(isinstance(one, ast.Starred) for one in node.args) else dict(enumerate(node.args))
                for one in _literals(given.get(_TEXTS[called], given.get("remedy"))):
                    yield node.lineno, one
            elif called in _WHOLE and node.args:
                for one in _literals(node.args[0]):
                    yield node.lineno, re.split(r"(?<=[.;}]) (?=[A-Z])", one)[-1]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from ((node.lineno, one) for one in _assigned(target, node.value))


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[str]:
    """Yield what a variable called `remedy` is set to."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _assigned(one, its)
    elif isinstance(target, ast.Name) and target.id == "remedy":
        yield from _literals(value)


def _literals(node: object) -> Iterator[str]:
    """Yield the texts that an expression can be, as far as they stand in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*_literals(node.body), *_literals(node.orelse))


def covers(says: str, template: str) -> bool:
    """Return whether what is said by a row of the table can be that text of the program."""
    pattern = re.escape(template).replace(re.escape("{}"), ".*")
    return re.fullmatch(pattern, says, re.DOTALL) is not None
