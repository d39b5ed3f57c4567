"""The command that hands a model on: export."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from toonvision.cli.options import HERE, JsonOption, RunArgument, WorkspaceOption
from toonvision.cli.output import progress_bar, say, show

if TYPE_CHECKING:
    from toonvision.deploy.export import Export, Int8Export


def export(
    run: RunArgument,
    workspace: WorkspaceOption = HERE,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="Write a second file that computes with 8 bits, and measure what that costs."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a run's model as one ONNX file, which needs no Keras."""
    from toonvision.core.files import require_writable
    from toonvision.data.workspace import open_workspace
    from toonvision.deploy.export import export_run
    from toonvision.models.backend import start_keras
    from toonvision.training.record import find_run

    opened = open_workspace(workspace)
    folder = find_run(opened.runs, run)
    require_writable(folder)
    say(f"Comparing with {start_keras()}.")
    with progress_bar("comparing", "pictures") as progress:
        exported = export_run(opened, folder, int8=int8, progress=progress)
    lines = [export_text(exported), *([int8_text(exported.int8)] if exported.int8 else [])]
    for name in exported.removed:
        say(f"{name} of an earlier export was removed; --int8 writes it anew.")
    data = asdict(exported)
    data["path"] = str(exported.path)
    if exported.int8:
        data["int8"] |= {"path": str(exported.int8.path)}
    show(data, "\n".join(lines), as_json=as_json)


def export_text(exported: "Export") -> str:
    """Say what was written, and how it was compared."""
    parity = exported.parity
    changed = parity.pictures - exported.crops
    copies = f" and {changed} changed copies" if changed else ""
    return (
        f"Exported to {exported.path} ({exported.size / 1000:,.0f} kB). On {exported.crops} crops{copies} it says the "
        f"same as Keras; the largest difference of a probability is {parity.largest_difference:.1e}."
    )


def int8_text(exported: "Int8Export") -> str:
    """Say what 8 bits cost, in accuracy and in time."""
    change = exported.int8_latency_ms / exported.latency_ms
    speed = f"{change:.1f} times as long" if change > 1 else f"{1 / change:.1f} times as fast"
    differing = f"{exported.parity.disagreements} of {exported.parity.pictures}"
    return (
        f"In 8 bits to {exported.path} ({exported.size / 1000:,.0f} kB). On the test part {exported.int8_right} are "
        f"right, with the plain export {exported.right}; {differing} predictions differ. One picture takes "
        f"{exported.int8_latency_ms:.2f} ms on one core, {speed} as the plain export's {exported.latency_ms:.2f} ms."
    )
