"""What a person and models decide about boxes: labelling, proposing, and handing that to other programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.api.base import Opened
from toonvision.api.result import Result
from toonvision.label.order import SURE, LabelOrder, ProposeOrder

if TYPE_CHECKING:
    from toonvision.api.exporting import Handed
    from toonvision.api.proposed import Proposed
    from toonvision.label.exporting import Target
    from toonvision.label.progress import Progress


@dataclass(frozen=True, repr=False)
class LabelSteps(Opened):
    """The steps about boxes."""

    def label(self, order: LabelOrder) -> "Result[Progress]":
        """Serve the labelling page until Ctrl-C; see `toonvision.api.labelling.label`."""
        from toonvision.api.labelling import label

        return label(self, order)

    def propose(
        self,
        *,
        detector: str | None = None,
        classifiers: str | Sequence[str] = (),
        every: bool = False,
        sure: float = SURE,
        seed: int = 0,
        ray: str | None = None,
    ) -> "Result[Proposed]":
        """Let models propose boxes for screenshots that nobody has annotated; what a person decided stays.

        Args:
            detector: The run that finds; by default the newest one, or the detector that comes with the package.
            classifiers: A run that names, or several, one a level; by default the newest one of each level. Those that
                come with the package name the levels that no run does.
            every: Also propose for screenshots that are annotated or reviewed.
            sure: The precision in percent from which on boxes are accepted without asking; 100 asks about all.
            seed: Decides which 5 % of what is sure enough a person is asked about all the same.
            ray: The address of a Ray cluster that does the work: ``local``, ``auto`` or ``HOST:PORT``.

        Raises:
            UsageError: If there is no detector, a run is of another kind, or two name one level.
            InputRejectedError: If there is no screenshot.
            ModelRefusedError: If a model cannot be used, or has another taxonomy.
        """
        from toonvision.api.proposing import propose

        named = (classifiers,) if isinstance(classifiers, str) else tuple(classifiers)
        return propose(self, ProposeOrder(detector, named, every, sure, seed, ray))

    def export_annotations(self, target: "Target", folder: Path | str) -> "Result[Handed]":
        """Write annotated screenshots for another program.

        Args:
            target: ``voc``, ``yolo``, ``coco``, or ``labelstudio``, which gets what models propose, too.
            folder: A new folder.

        Raises:
            UsageError: If the folder is not empty, or nothing is annotated.
            InputRejectedError: If there is no screenshot.
        """
        from toonvision.api.exporting import export_annotations

        return export_annotations(self, target, Path(folder))
