"""What the report of a run shows that names the pixels of screenshots."""

from toonvision.core.panels import Table
from toonvision.core.wording import counted, listed, percent
from toonvision.report import data_panels as data
from toonvision.report import run_panels as run
from toonvision.report.facts import over_trainings, with_floor
from toonvision.report.parts import RunParts
from toonvision.report.results import Results
from toonvision.tasks.segment_panels import pixel_panels
from toonvision.taxonomy.labels import LABEL_LEVEL


def segmentation_parts(results: Results) -> RunParts:
    """Return what is particular to a segmenter on the page of a run."""
    return RunParts(
        predicts="Names each pixel:",
        facts=segmentation_facts(results),
        data_fact=_data_fact(results),
        data=(data.split_panel(results.split, LABEL_LEVEL), data.near_table(results.split)),
        trainings=_trainings(results),
        tests="The classes of the pixels of",
        evaluation=tuple(pixel_panels(results.evaluation)),
    )


def segmentation_facts(results: Results) -> tuple[str, ...]:
    """Return what was trained, how good its maps are, its weakest class and what is mixed up, in plain sentences."""
    return with_floor(results, _training_fact(results), _quality_fact(results), _class_fact(results))


def _training_fact(results: Results) -> str:
    record = results.evaluation.record
    names = listed([one.title for one in results.evaluation.classes if one.name not in record.left_out])
    return (
        f"The network {record.settings.network} ({counted(record.parameters, 'parameter')}) was trained to distinguish "
        f"{names}, pixel by pixel, with {counted(record.learned_from, 'training screenshot')} that "
        f"{'has a mask' if record.learned_from == 1 else 'have masks'}."
    )


def _quality_fact(results: Results) -> str:
    evaluation = results.evaluation
    mean, right = evaluation.best.mean_iou, evaluation.best.right
    start = (
        f"The mean intersection over union of its classes is {mean.value:.3f} "
        f"({mean.within()}); {percent(right.value)} of the pixels are right"
    )
    each = sorted(float(one.quality.mean_iou) for one in evaluation.scores)
    return f"{start}. {over_trainings(len(each), f'{each[0]:.3f} to {each[-1]:.3f}')}"


def _class_fact(results: Results) -> str:
    """Return which class is the best and which the worst, and what the worst is taken for."""
    evaluation = results.evaluation
    matrix, titles = evaluation.best.confusion, [category.title for category in evaluation.classes]
    known = [(one.iou.value, at) for at, one in enumerate(evaluation.best.by_class) if matrix[at].sum()]
    if len(known) < 2:
        return ""
    (low, worst), (high, best) = min(known), max(known)
    taken = matrix[worst].copy()
    taken[worst] = 0
    most = f"; {percent(taken.max() / matrix[worst].sum())} of its pixels are taken for {titles[int(taken.argmax())]}"
    return (
        f"Its best class is {titles[best]}, with {high:.3f}; its worst is {titles[worst]}, with {low:.3f}"
        f"{most if taken.any() else ''}."
    )


def _data_fact(results: Results) -> str:
    record = results.evaluation.record
    rare = f" Too few masks show {listed(record.left_out)}, whose pixels do not count." if record.left_out else ""
    counts = "/".join(str(record.samples[subset]) for subset in ("train", "val", "test"))
    return (
        f"{counted(sum(record.samples.values()), 'screenshot')} with masks: {counts} in train/val/test. Others are "
        f"neither learned from nor evaluated.{rare}"
    )


def _trainings(results: Results) -> Table:
    """Return a row for each training: how long it took and how good its maps are."""
    cells = [
        (f"{float(one.quality.mean_iou):.3f}", f"{float(one.quality.mean_boundary_f1):.3f}",
         percent(float(one.quality.right)))
        for one in results.evaluation.scores
    ]  # fmt: skip
    return run.trainings_table(results, ("Mean IoU", "Boundary F1", "Pixels right"), cells)
