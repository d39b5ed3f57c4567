"""The program over a folder of hostile files; what is in it, and what is promised of it, stands in the benchmarks."""

import ast
import collections
import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hostile_cases import Source
from hostile_folder import CONTEXTS, LABELS, OUTSIDE, REFUSED, SOURCES, sources, write_folder
from hostile_names import folder_cases, refused_sources

from builders import open_to_all, unprivileged
from cli.conftest import Outcome, run  # noqa: F401
from deploy.made import SIZE, bundle, exported, network
from figures import examples
from toonvision.data.extraction import extract
from toonvision.data.workspace import open_workspace
from toonvision.deploy.current import EXPORT
from toonvision.models.saving import MEANING, WEIGHTS, ModelCard
from toonvision.training.record import write_record

VERBS = ("extract", "check", "predict")
MOST_MEMORY_KB = 1_000_000

MEASURED = """
import atexit, sys
from pathlib import Path
peak = Path(sys.argv.pop(1))
atexit.register(lambda: peak.write_text(Path("/proc/self/status").read_text()))
from toonvision.__main__ import main
main()
"""

TAXONOMY = "\n".join(
    ["[labels]", *(f"{name} = {{}}" for name in LABELS), "[contexts]", *(f"{name} = {{}}" for name in CONTEXTS)]
)


@dataclass(frozen=True)
class Hostile:
    """A hostile folder and a workspace that reads it.

    Attributes:
        base: The folder that holds all of this.
        workspace: The workspace; the only folder that may be written to, with `scratch`.
        sources: What lies in the folder.
        before: Everything outside the workspace as it was.
    """

    base: Path
    workspace: Path
    sources: list
    before: dict

    @property
    def folders(self):
        return [self.base / SOURCES / source.name for source in self.sources]

    @property
    def scratch(self):
        return self.base / "scratch"

    def environment(self):
        return {**os.environ, "TMPDIR": str(self.scratch), "PYTHONDONTWRITEBYTECODE": "1"}

    def call(self, *arguments):
        """Run the program in a process of its own; give its outcome and its peak of memory in kB."""
        peak = self.scratch / "peak"
        command = [sys.executable, "-c", MEASURED, str(peak), *map(str, arguments)]
        here = self.base / "elsewhere"
        done = subprocess.run(command, capture_output=True, text=True, cwd=here, env=self.environment(), timeout=600)
        return Outcome(done.returncode, done.stdout, done.stderr), int(
            re.search(r"VmHWM:\s+(\d+)", peak.read_text())[1]
        )

    def outside(self):
        """Return everything outside the workspace with what would change if it were touched."""
        ours = (self.workspace, self.scratch)
        paths = [path for path in self.base.rglob("*") if not any(path.is_relative_to(folder) for folder in ours)]
        return {str(path): _state(path) for path in [*paths, Path("/etc/hostname"), Path("/etc/passwd")]}


def _state(path):
    status = path.lstat()
    whole = path.is_file() and not path.is_symlink() and status.st_size < 20_000_000
    return (
        (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino),
        str(path.readlink()) if path.is_symlink() else None,
        hashlib.sha256(path.read_bytes()).hexdigest() if whole and os.access(path, os.R_OK) else None,
    )


def make_hostile(base, readable, refused):
    write_folder(base, readable, refused)
    workspace = base / "workspace"
    for folder in (workspace, base / "scratch", base / "elsewhere"):
        folder.mkdir()
    (base / "taxonomy.toml").write_text(TAXONOMY)
    settings = ["[taxonomy]\n", TAXONOMY.replace("[", "[taxonomy."), "\n[image]\nheight = 32\nwidth = 32\n"]
    settings += [f'[[sources]]\nformat = "{s.format}"\npath = "../{SOURCES}/{s.name}"\n' for s in readable]
    (workspace / "toonvision.toml").write_text("".join(settings))
    made = Hostile(base, workspace, readable, {})
    return dataclasses.replace(made, before=made.outside())


def add_run(workspace):
    """Put a run with an exported network that was never trained into a workspace."""
    folder = workspace / "runs" / "label" / "one"
    folder.mkdir(parents=True)
    digest = open_workspace(workspace).taxonomy.digest
    shared = {"network": "baseline", "task": "label", "level": "label", "classes": LABELS, "taxonomy": digest}
    (folder / WEIGHTS).write_bytes(b"weights")
    held = dataclasses.replace(bundle(weights=hashlib.sha256(b"weights").hexdigest()), titles=LABELS, **shared)
    (folder / EXPORT).write_bytes(exported(network(classes=2), classes=2, metadata=held.to_metadata()))
    card = ModelCard(**shared, size_hw=SIZE, resize="stretch", seed=0, parameters=1, versions={})
    (folder / MEANING).write_text(json.dumps(dataclasses.asdict(card)))
    write_record(folder, dataclasses.replace(examples.record(LABELS, samples=3, repeats=1), name="one"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return make_hostile(tmp_path_factory.mktemp("hostile"), sources(), refused_sources())


@pytest.fixture(scope="module")
def called(hostile):
    """What each verb said and took, and what lay outside the workspace afterwards."""
    add_run(hostile.workspace)
    arguments = {"extract": (), "predict": ("label/one", *hostile.folders)}
    results = {}
    for verb in VERBS:
        outcome, peak_kb = hostile.call(verb, *arguments.get(verb, ()), "-w", hostile.workspace, "--json")
        results[verb] = (outcome, peak_kb, hostile.outside())
    return results


def test_the_folder_holds_hostile_files_enough_and_says_what_is_promised_of_each(hostile):
    files = [path for path in hostile.base.rglob("*") if path.is_symlink() or not path.is_dir()]
    assert len(files) >= 150
    cases = [case for source in hostile.sources for case in source.cases]
    assert len({case.name for case in cases}) == len(cases) >= 150
    assert all(case.codes for case in cases if not case.kept)


every_verb = pytest.mark.parametrize("verb", VERBS)


def findings_of(outcome):
    """Return what a verb found: `check` sorts it by what it has looked at."""
    found = outcome.json
    return [fault for one in found["checked"] for fault in one["faults"]] if "checked" in found else found["findings"]


@every_verb
def test_no_verb_fails_on_hostile_files_and_each_ends_with_three(called, verb):
    outcome = called[verb][0]
    assert "Traceback" not in outcome.err
    assert outcome.code == 3
    assert findings_of(outcome)


@every_verb
def test_every_line_is_printable(called, verb):
    outcome = called[verb][0]
    lines = outcome.err.splitlines()
    assert [line for line in lines if not line.isprintable()] == []
    known = r"(skipped|note): .|\.\.\. and \d+ more|All \d+ are in |extracting|checking|predicting|Predicting"
    assert [line for line in lines if not re.match(known, line)] == []


@every_verb
def test_every_finding_says_what_is_wrong_with_which_item_and_what_to_do_in_few_words(called, verb):
    for finding in findings_of(called[verb][0]):
        assert finding["item"]
        assert finding["code"]
        assert finding["remedy"] or not (finding["pictures"] or finding["objects"] or finding["files"])
        assert 0 < len(finding["reason"]) < 400


@every_verb
def test_nothing_outside_the_workspace_is_touched(called, hostile, verb):
    assert called[verb][2] == hostile.before


@every_verb
def test_memory_stays_below_one_gigabyte(called, verb):
    assert called[verb][1] < MOST_MEMORY_KB


def test_each_hostile_thing_is_kept_or_named_as_is_promised_of_it(called, hostile):
    findings = called["extract"][0].json["findings"]
    kept = {shot.name for shot in open_workspace(hostile.workspace).known_screenshots()}
    for case in (case for source in hostile.sources for case in source.cases):
        codes = [finding["code"] for finding in findings if case.is_named_by(finding["item"])]
        assert sorted(codes) == sorted(case.codes), case.name
        picture = case.picture.encode(errors="backslashreplace").decode()
        assert (picture in kept) == (case.kept and bool(picture)), case.name


def test_each_finding_is_about_one_hostile_thing(called, hostile):
    cases = [case for source in hostile.sources for case in source.cases]
    found = called["extract"][0].json["findings"]
    notes = {finding["reason"].partition(", such as ")[0] for finding in found if finding["code"] == "recovered"}
    assert notes == {
        "the box passed the edge of its picture and was cut there (2 objects",
        "the corners of the box were swapped and are sorted now (1 object",
    }
    for finding in (one for one in found if one["code"] != "recovered"):  # which counts boxes of a whole source
        assert len([case for case in cases if case.is_named_by(finding["item"])]) == 1, finding


def test_a_check_names_every_hostile_thing_that_an_extraction_leaves_out(called):
    left_out = {
        finding["item"] for finding in findings_of(called["extract"][0]) if finding["pictures"] or finding["objects"]
    }
    assert left_out <= {fault["item"] for fault in findings_of(called["check"][0])}


def test_read_is_kept_and_skipped_and_the_skipped_are_those_that_are_named(called, hostile):
    said = called["extract"][0].json
    for what in ("pictures", "objects"):
        read, kept, skipped = (said[f"{what}_{which}"] for which in ("read", "kept", "skipped"))
        assert read == kept + skipped
        assert skipped == sum(finding[what] for finding in said["findings"])
    with open_workspace(hostile.workspace).reading() as catalog:
        assert len(catalog.screenshots()) == said["pictures_kept"]
        assert len(catalog.crops()) == said["objects_kept"] == said["crops_new"]
        assert {crop.file for crop in catalog.crops()} == {
            path.name for path in (hostile.workspace / "crops").iterdir()
        }


def test_each_hostile_picture_is_predicted_or_named_as_is_promised_of_it(called, hostile):
    said = called["predict"][0].json
    predicted = {one["picture"] for one in said["predictions"]}
    notes = {"not-a-crop", "linked-folder"}
    named = {finding["item"]: finding["code"] for finding in said["findings"] if finding["code"] not in notes}
    pictures = {
        str(hostile.base / SOURCES / source.name / case.picture): case.predicted
        for source in hostile.sources
        for case in source.cases
        if case.picture
    }
    assert named == {picture: code for picture, code in pictures.items() if code}
    assert predicted == {picture for picture, code in pictures.items() if not code}


def test_no_name_of_a_file_steers_the_terminal(called, hostile, run):  # noqa: F811
    outcome = run("predict", "label/one", hostile.folders[-1], "-w", hostile.workspace)
    assert "\\x1b[31mred/class with an escape.png" in outcome.out
    assert [line for line in (outcome.out + outcome.err).splitlines() if not line.isprintable()] == []


def test_init_around_each_source_names_what_an_extraction_will_leave_out(called, hostile, run):  # noqa: F811
    extracted = called["extract"][0].json
    known = collections.Counter(json.dumps(finding, sort_keys=True) for finding in extracted["findings"])
    read = 0
    for number, (source, folder) in enumerate(zip(hostile.sources, hostile.folders, strict=True)):
        taken = hostile.scratch / f"taken {number}"
        outcome = run("init", taken, "--from", folder, "--taxonomy", hostile.base / "taxonomy.toml", "--json")
        assert outcome.code in {0, 3}, outcome.err
        said = outcome.json
        assert said["source"] == [source.format, str(folder)]
        assert (outcome.code == 3) is any(f["pictures"] or f["objects"] or f["files"] for f in said["findings"])
        of_the_set = {"one-label", "few-objects", "tiny", "unknown-label", "class-of-level"}  # said of a whole source
        listed = [finding for finding in said["findings"] if finding["code"] not in of_the_set]
        found = collections.Counter(json.dumps(finding, sort_keys=True) for finding in listed)
        assert found <= known
        read += said["pictures"] + sum(finding["pictures"] for finding in said["findings"])
    assert read == extracted["pictures_read"]
    assert hostile.outside() == hostile.before


@pytest.mark.parametrize("refused", refused_sources(), ids=lambda refused: refused.name)
def test_a_source_that_cannot_be_read_is_refused_in_one_line_and_no_workspace_is_made(hostile, run, refused):  # noqa: F811
    workspace = hostile.scratch / "never"
    outcome = run("init", workspace, "--from", hostile.base / REFUSED / refused.name)
    assert outcome.code == 3
    *findings, line = outcome.err.splitlines()
    assert line.startswith("toonvision: ")
    assert all(finding.startswith(("skipped: ", "note: ")) for finding in findings)
    assert all(words in outcome.err for words in refused.message), outcome.err
    assert len(line) < 2000
    assert not workspace.exists()


CHANGING = re.compile(r"creat|rename|unlink|rmdir|mkdir|mknod|link|truncate|chmod|chown|utime|xattr|mount|chroot")
READING = re.compile(r"readlink|getxattr|listxattr")
PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<at>[^>]*)>, )?"(?P<path>(?:[^"\\]|\\.)*)"')


def traced_calls(log):
    """Return the name of each system call, the paths that it names and the rest of its arguments."""
    for line in log.read_text(errors="surrogateescape").splitlines():
        call = re.match(r"\d+\s+(\w+)\((.*)", line)
        if call:
            paths = [
                Path(os.path.normpath(Path(found["at"] or "/") / os.fsdecode(ast.literal_eval(f'b"{found["path"]}"'))))
                for found in PATH.finditer(call[2])
            ]
            yield call[1], paths, call[2]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_no_system_call_of_an_extraction_writes_outside_the_workspace_or_reads_through_a_link_out(tmp_path):
    hostile = make_hostile(tmp_path, sources(heavy=False), [])
    log = hostile.scratch / "calls"
    command = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-y",
        "-e",
        "trace=%file",
        "-o",
        str(log),
        sys.executable,
        "-m",
        "toonvision",
    ]
    done = subprocess.run(
        [*command, "extract", "-w", str(hostile.workspace), "--json"],
        capture_output=True,
        text=True,
        cwd=hostile.base / "elsewhere",
        env=hostile.environment(),
        timeout=600,
    )
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["pictures_kept"] > 100
    written, opened = set(), set()
    for name, paths, arguments in traced_calls(log):
        if name.startswith("open"):
            opened.update(paths)
            changes = re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)", arguments)
        else:
            changes = CHANGING.search(name) and not READING.search(name)
        if changes:
            written.update(paths)
    ours = (hostile.workspace, hostile.scratch, Path("/dev"))
    assert any(path.is_relative_to(hostile.workspace / "crops") for path in written)
    assert [path for path in written if not any(path.is_relative_to(folder) for folder in ours)] == []
    inside = {path for path in opened if path.is_relative_to(hostile.base / SOURCES)}
    assert len(inside) > 100
    for folder in hostile.folders:
        own = {path for path in inside if path.is_relative_to(folder)}
        assert [path for path in own if not path.resolve().is_relative_to(folder)] == []
    assert hostile.outside() == hostile.before


def test_files_that_may_not_be_read_are_skipped_and_named():
    with open_to_all() as base:
        hostile = make_hostile(base, [Source("classes", "folders", tuple(folder_cases()), {})], [])
        picture = hostile.folders[0] / "apple" / "class good.png"
        picture.chmod(0o000)
        hostile.workspace.chmod(0o777)
        with unprivileged():
            summary = extract(open_workspace(hostile.workspace))
        (finding,) = [finding for finding in summary.findings if finding.item == "apple/class good.png"]
        assert (finding.code, finding.reason, finding.pictures, finding.objects) == (
            "unreadable",
            "cannot be read (Permission denied)",
            1,
            1,
        )


def test_the_picture_that_links_lead_to_is_there(hostile):
    assert (hostile.base / SOURCES / OUTSIDE).is_file()
