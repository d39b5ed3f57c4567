"""What a split came out like, in words."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.grouping import grouped
from toonvision.core.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toonvision.data.records import StoredScreenshot
    from toonvision.data.split_plan import JoinedShots, SplitSummary
    from toonvision.data.workspace import Workspace

_MOST_GROUPS, _MOST_NAMES, _FEWEST_SUBSETS = 5, 2, 2


def split_text(summary: "SplitSummary") -> str:
    """Write how near a split came to the ratios that were asked for."""
    achieved = "/".join(f"{share:.1f}" for share in summary.achieved)
    asked = f" ({summary.ratios} asked for)" if summary.ratios else ""
    cut = f", but for {len(summary.cut):,} that had to be cut" if summary.cut else ""
    together = "belong" if summary.from_source else "stay"  # a source may tear them apart
    sentences = [
        f"Train/val/test: {achieved} % of the crops{asked}, from {counted(summary.groups, 'group')} of screenshots "
        f"that {together} together{cut}."
    ]
    sentences += _joined_sentences(summary)
    if summary.largest_deviation:
        label, samples = summary.largest_deviation
        sentences.append(f"Largest deviation: {label}, {samples:.1f} crops from its share.")
    if sum(summary.empty):
        train, val, test = summary.empty
        sentences.append(f"Screenshots without objects: {train} train, {val} val, {test} test.")
    return " ".join(sentences)


def split_data(summary: "SplitSummary") -> dict[str, Any]:
    """Return the same as plain data, for JSON."""
    return {
        "name": summary.name,
        "ratios": list(summary.ratios.shares) if summary.ratios else None,
        "achieved": list(summary.achieved),
        "seed": summary.seed,
        "from_source": summary.from_source,
        "groups": summary.groups,
        "near_duplicates": list(summary.near_duplicate_groups),
        "joined": [asdict(group) for group in summary.joined],
        "empty": list(summary.empty),
        "largest_deviation": list(summary.largest_deviation or ()),
    }


def _joined_sentences(summary: "SplitSummary") -> list[str]:
    """Say which screenshots belong together, and why; the largest groups of each reason come first."""
    sentences = []
    for reason, groups in grouped(summary.joined, lambda group: group.reason).items():
        named = [_named(group) for group in groups[:_MOST_GROUPS]]
        more = f"; and {counted(len(groups) - _MOST_GROUPS, 'more group')}" if len(groups) > _MOST_GROUPS else ""
        number = f" ({len(groups):,} groups)" if len(groups) > 1 else ""
        sentences.append(f"{reason.capitalize()}{number}: {'; '.join(named)}{more}.")
    return sentences


def _named(group: "JoinedShots") -> str:
    from toonvision.data.series import bare_stem

    if len(group.names) <= _MOST_NAMES:
        return " = ".join(group.names)
    first, *_, last = group.names
    what = bare_stem(first) if group.reason == "copies of one source" else f"{first} to {last}"
    return f"{what} ({counted(len(group.names), 'screenshot')})"


def source_findings(files: "Workspace", name: str) -> tuple[Finding, ...]:
    """Report that the sources have a split of their own, which the drawn one does not follow."""
    from toonvision.data.own_split import counted_subsets, own_subsets
    from toonvision.data.splits import Split, again

    try:
        counts = counted_subsets(own_subsets(files))
    except InputRejectedError:  # what the catalogue knows can be split without the sources
        return ()
    if len(counts) < _FEWEST_SUBSETS:
        return ()
    said = ", ".join(f"{subset} {counted(count, 'picture')}" for subset, count in counts.items())
    remedy = f"{again(Split(name, {}, from_source=True))} takes it over"
    return (Finding(f"split {name}", f"does not follow the split of the source: {said}", remedy, "own-split"),)


def pattern_findings(files: "Workspace", screenshots: "Sequence[StoredScreenshot]") -> tuple[Finding, ...]:
    """Report a pattern for groups that is found in no screenshot's path."""
    if not files.recording_of.text or any(shot.recording for shot in screenshots):
        return ()
    reason = f"{files.recording_of.text!r} is found in no path, such as {screenshots[0].name}" if screenshots else ""
    return (Finding("groups.pattern", reason, "correct it in toonvision.toml", "pattern"),) if reason else ()


def split_findings(summary: "SplitSummary", files: "Workspace") -> tuple[Finding, ...]:
    """Report recordings that had to be cut, and labels that cannot be learned or evaluated."""
    from toonvision.data.groups import RECORD_MORE
    from toonvision.data.splits import Split, again
    from toonvision.data.trainable import missing_labels, untrainable

    labels = summary.tables[0]
    totals = {one.name: total for one, total in zip(labels.classes, labels.totals.tolist(), strict=True)}
    unlearned = untrainable(totals, finds=bool(files.taxonomy.finding))
    findings = [finding for finding in unlearned if finding.code == "one-label"]
    drawn = again(Split(summary.name, {}))
    whose = " of the source" if summary.seed is None else ""  # else some subset was drawn here
    for group in summary.joined if summary.from_source else ():
        if len(group.subsets) > 1:
            reason = f"{group.reason} lie in {listed(group.subsets)}{whose}, which makes test results look better"
            findings.append(Finding(_named(group), reason, f"a split without such leaks: {drawn}", "leak"))
    for group in () if summary.from_source else summary.cut:
        of_labels = f" of {listed(group.cut_for)}" if group.cut_for else ""
        why = f"the screenshots{of_labels} make up too few groups"
        reason = (
            f"{group.reason} ({counted(len(group.names), 'screenshot')}) were cut in time and lie in "
            f"{listed(group.subsets)}, because {why}: TEST RESULTS WILL LOOK BETTER THAN ON A NEW RECORDING"
        )
        findings.append(Finding(f"{group.names[0]} to {group.names[-1]}", reason, RECORD_MORE, "cut"))
    return (*findings, *missing_labels(summary, labels, rules=files.label_rules))
