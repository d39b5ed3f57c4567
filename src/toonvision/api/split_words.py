"""What a split came out like, in words."""

from typing import TYPE_CHECKING

from toonvision.core.errors import Finding
from toonvision.core.wording import counted, listed

if TYPE_CHECKING:
    from toonvision.data.groups import Reason
    from toonvision.data.split_plan import JoinedShots, SplitSummary

_MOST_GROUPS, _MOST_NAMES = 5, 2


def split_text(summary: "SplitSummary") -> str:
    """Write how near a split came to the ratios that were asked for."""
    achieved = "/".join(f"{share:.1f}" for share in summary.achieved)
    asked = f" ({summary.ratios} asked for)" if summary.ratios else ""
    sentences = [
        f"Train/val/test: {achieved} % of the crops{asked}, from {counted(summary.groups, 'group')} of screenshots "
        "that stay together."
    ]
    sentences += _joined_sentences(summary)
    if summary.largest_deviation:
        label, samples = summary.largest_deviation
        sentences.append(f"Largest deviation: {label}, {samples:.1f} crops from its share.")
    if sum(summary.empty):
        train, val, test = summary.empty
        sentences.append(f"Screenshots without objects: {train} train, {val} val, {test} test.")
    return " ".join(sentences)


def _joined_sentences(summary: "SplitSummary") -> list[str]:
    """Say which screenshots belong together, and why; the largest groups of each reason come first."""
    by_reason: dict[Reason, list[JoinedShots]] = {}
    for group in summary.joined:
        by_reason.setdefault(group.reason, []).append(group)
    sentences = []
    for reason, groups in by_reason.items():
        named = [_named(group) for group in groups[:_MOST_GROUPS]]
        more = f"; and {counted(len(groups) - _MOST_GROUPS, 'more group')}" if len(groups) > _MOST_GROUPS else ""
        sentences.append(f"{reason.capitalize()}: {'; '.join(named)}{more}.")
    return sentences


def _named(group: "JoinedShots") -> str:
    first, *_, last = group.names
    if len(group.names) <= _MOST_NAMES:
        return " = ".join(group.names)
    return f"{first} to {last} ({counted(len(group.names), 'screenshot')})"


def split_findings(summary: "SplitSummary") -> tuple[Finding, ...]:
    """Report recordings that had to be cut, and labels that cannot be learned or evaluated."""
    from toonvision.data.groups import RECORD_MORE
    from toonvision.data.trainable import missing_labels, untrainable

    labels = summary.tables[0]
    totals = {one.name: total for one, total in zip(labels.classes, labels.totals.tolist(), strict=True)}
    findings = [finding for finding in untrainable(totals) if finding.code == "one-label"]
    for group in summary.cut:
        whose = f" of {listed(group.cut_for)}" if group.cut_for else ""
        why = f"the screenshots{whose} make up too few groups"
        reason = (
            f"{group.reason} ({counted(len(group.names), 'screenshot')}) were cut in time and lie in "
            f"{listed(group.subsets)}, because {why}: TEST RESULTS WILL LOOK BETTER THAN ON A NEW RECORDING"
        )
        findings.append(Finding(f"{group.names[0]} to {group.names[-1]}", reason, RECORD_MORE, "cut"))
    return (*findings, *missing_labels(summary.name, labels))
