"""What models proposed for screenshots: as a value, in sentences, and as plain data."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from toonvision.core.wording import counted
from toonvision.metrics.intervals import Proportion

if TYPE_CHECKING:
    from toonvision.label.accepting import Accepted
    from toonvision.label.proposals import Proposals, StoredContexts
    from toonvision.label.thresholds import Thresholds


@dataclass(frozen=True)
class Proposed:
    """What models proposed.

    Attributes:
        proposals: What they see in each screenshot that was asked about.
        thresholds: From which score on their boxes are accepted without asking.
        accepted: What was.
        audit: How many of those that a person was asked about all the same were right, of earlier rounds, too.
        contexts: Where screenshots may have been taken; None where too little is known of contexts.
    """

    proposals: "tuple[Proposals, ...]"
    thresholds: "Thresholds"
    accepted: "Accepted"
    audit: Proportion
    contexts: "StoredContexts | None" = None


def proposed_blocks(title: str, value: Proposed, *, asked: int, compared: int, screenshots: int) -> tuple[str, ...]:
    """Return what models proposed, and what was accepted without asking, in sentences.

    Args:
        title: The models.
        value: What they proposed.
        asked: How many screenshots they were asked about, those that cannot be read among them.
        compared: How many proposals with a label were compared with annotations.
        screenshots: How many annotated screenshots they were compared on.
    """
    objects = [thing for one in value.proposals for thing in one.objects if value.thresholds.shows(thing)]
    exact, doubted = sum(one.is_exact for one in objects), sum(bool(one.doubts) for one in objects)
    lines = [
        f"{counted(len(objects), 'box', 'boxes')} in {counted(len(value.proposals), 'screenshot')} proposed by "
        f"{title}: {exact:,} with a label, {len(objects) - exact:,} with a class of several labels; on {doubted:,} of "
        "them models disagree."
    ]
    if asked and not value.proposals:
        lines = [f"Nothing is proposed: {counted(asked, 'screenshot')} cannot be read."]
    elif not asked:
        lines = ["Every screenshot is annotated or reviewed; --every proposes for these, too."]
    proven, on = value.thresholds.proven, counted(screenshots, "annotated screenshot")
    if proven.total:
        lines.append(
            f"Accepted without asking: {value.accepted.unasked:,}. Boxes that are as sure were right in {proven} of "
            f"{proven.total:,} on {on} that the models did not learn from. About {value.accepted.audited:,} more that "
            "are as sure a person is asked all the same."
        )
    else:
        lacking = (
            f"models are believed from a precision of {100 * value.thresholds.target:g} % on, which "
            f"{counted(compared, 'proposed box', 'proposed boxes')} with a label on {on} that they did not learn from "
            "cannot prove: too few, or too many wrong"
            if compared
            else "no annotated screenshot that the models did not learn from shows how often they are right"
        )
        lines.append(
            f"Nothing is accepted without asking: {lacking}. What is reviewed from now on counts, too, when models "
            "propose again."
        )
    if value.audit.total:
        said = "Right of those that were asked about all the same, so far:"
        lines.append(f"{said} {value.audit} of {value.audit.total:,}.")
    if value.contexts and value.contexts.shots:
        lines.append(_contexts_text(value.contexts))
    return ("\n".join(lines),)


def _contexts_text(contexts: "StoredContexts") -> str:
    """Return for how many screenshots a context is proposed, and how often that is right."""
    return (
        f"A context is proposed for {counted(len(contexts.shots), 'screenshot')}. That is right in {contexts.right} of "
        f"{contexts.right.total:,} screenshots of known contexts, each left out of what was learned from."
    )


def proposed_data(title: str, value: Proposed) -> dict[str, Any]:
    """Return the same as plain data."""
    objects = [thing for one in value.proposals for thing in one.objects if value.thresholds.shows(thing)]
    return {
        "models": title,
        "screenshots": len(value.proposals),
        "boxes": len(objects),
        "exact": sum(one.is_exact for one in objects),
        "disagree": sum(bool(one.doubts) for one in objects),
        "labels": dict(sorted(Counter(one.label for one in objects).items())),
        "thresholds": asdict(value.thresholds),
        "accepted": asdict(value.accepted),
        "audit": value.audit.plain(),
        "contexts": value.contexts
        and {
            "right": value.contexts.right.plain(),
            "screenshots": [
                {"id": shot, "picture": one.picture, "context": one.context, "score": one.score}
                for shot, one in value.contexts.shots.items()
            ],
        },
    }
