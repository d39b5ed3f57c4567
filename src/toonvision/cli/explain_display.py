"""What `toonvision explain` shows: one JSON object, or tables and sentences."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.cli.output import table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from toonvision.explain.evidence import GroupEvidence
    from toonvision.explain.explanation import Explanation, Sections


def explanation_data(found: "Explanation") -> dict[str, Any]:
    """Give what was found out as plain data, for JSON."""
    curves = found.curves
    return {
        "layer": found.maps.layer,
        "method": found.maps.method,
        "pictures": _case_rows(found),
        "deletion": {"area": _mean(curves.area("deletion")), "random": _mean(curves.area("random_deletion"))},
        "insertion": {"area": _mean(curves.area("insertion")), "random": _mean(curves.area("random_insertion"))},
        "randomisation": [{"layer": step.layer, "fresh": step.fresh, "similarity": step.mean} for step in found.steps],
        "evidence": [{"by": title, **_group_data(group)} for title, members in found.sections for group in members],
        "warnings": found.warnings,
    }


def explanation_renderables(found: "Explanation", folder: Path, files: Sequence[str]) -> list[Any]:
    """Give what was found out as tables and sentences.

    Args:
        found: What was found out.
        folder: Where its figures are.
        files: Their names, and those of their data.
    """
    cases, curves = found.cases, found.curves
    titles = [category.title for category in found.classes]
    rows = [
        [name, "-" if y_true is None else titles[y_true], titles[predicted], f"{row[predicted]:.1%}"]
        for name, y_true, predicted, row in zip(
            cases.names, cases.y_true, cases.predicted, cases.probabilities, strict=True
        )
    ]
    lines = [
        f"Deletion: area {_mean(curves.area('deletion')):.2f}, random {_mean(curves.area('random_deletion')):.2f} "
        "(lower is better).",
        f"Insertion: area {_mean(curves.area('insertion')):.2f}, random {_mean(curves.area('random_insertion')):.2f} "
        "(higher is better).",
        f"With all weights drawn afresh, maps are {found.steps[-1].mean:.2f} like the trained ones (lower is better).",
    ]
    shown: list[Any] = [table("Explained", ["Picture", "Actual", "Predicted", "Confidence"], rows, names=3)]
    if found.sections:
        shown.append(_evidence_table(found.sections))
    elif cases.judged:
        lines.append("There are no masks, so it is not known how much of the evidence lies on the figures.")
    told = [f"Beware: {warning}" for warning in found.warnings] or ["Nothing speaks against these maps."]
    return [*shown, "\n".join([*lines, *told, f"{len(files)} files in {folder}"])]


def _case_rows(found: "Explanation") -> list[dict[str, Any]]:
    cases, names = found.cases, [category.name for category in found.classes]
    return [
        {
            "picture": name,
            "actual": None if y_true is None else names[y_true],
            "predicted": names[predicted],
            "confidence": float(row[predicted]),
        }
        for name, y_true, predicted, row in zip(
            cases.names, cases.y_true, cases.predicted, cases.probabilities, strict=True
        )
    ]


def _group_data(group: "GroupEvidence") -> Mapping[str, Any]:
    return {
        "group": group.name,
        "crops": group.crops,
        "screenshots": group.screenshots,
        "without_evidence": group.empty,
        "regions": {
            region.region: {
                "share": region.share if group.crops else None,
                "interval_95": list(region.interval),
                "area": region.area,
            }
            for region in group.regions
        },
    }


def _evidence_table(sections: "Sections") -> Any:
    columns = ["Evidence on", "Crops", "Figure", "95 %", "Its area", "Cloth", "Head", "Hands", "Rest", "Background"]
    rows: list[list[object]] = []
    for _, members in sections:
        for group in (member for member in members if member.crops):
            figure = group.of("figure")
            shares = [group.of(name).share for name in ("cloth", "head", "hands", "other", "background")]
            low, high = figure.interval
            rows.append(
                [group.name, group.crops, f"{figure.share:.0%}", f"{low:.0%}-{high:.0%}", f"{figure.area:.0%}"]
                + [f"{share:.0%}" for share in shares]
            )
    return table("Where the evidence lies that tells a picture from the average one", columns, rows)


def _mean(values: "npt.NDArray[np.float64]") -> float:
    return float(values.mean())
