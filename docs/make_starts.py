"""Train the weights that trainings can begin with, on the drawn world alone, and write them into the package.

Run: python docs/make_starts.py [SEED]

Draws 2,487 screenshots into a temporary folder and trains `compact` in its narrow form (on suits) and its wide one (on
labels and on animals), and the network that predicts the foreground of crops; then draws them again,
with 500 frames of walking scenes, and trains `detector` (on kinds). An hour and three quarters on one core. The same
seed writes the same bytes on the same machine, but for the file of the detector that is there: it learned before the
boxes' loss was raised to the third power.
What it brings on real pictures is written down in docs/compact.md and docs/detection.md.
"""

import math
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toonvision.api.workspace import Workspace, open_workspace
from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.core.seeds import generator
from toonvision.models.foreground import SIZE_HW, foreground_network, save_foreground
from toonvision.models.saving import load_model, read_card
from toonvision.models.starting import FOLDER, RANDOM, save_start, start_path
from toonvision.tasks.augmentation import augment
from toonvision.tasks.covering import moved
from toonvision.tasks.registry import load_dataset
from toonvision.tasks.settings import Augmentation
from toonvision.world.screenshot_plans import ScreenshotPlan, plan_video

if TYPE_CHECKING:
    import keras

SCALE = 4.0
"""Factor on 30 objects of each label."""
CROPS = ("suit", "label", "animal")
WALKS = 500
"""Frames that a detector learns from too: groups of small figures are rare in the others."""
LONGEST_WALK = 200
"""Frames that a sequence is shorter than; its last one is drawn."""
EPOCHS = {"detect": 54}
"""Where they are not those of the recipe: small figures are learned last."""
FOREGROUND_EPOCHS, BATCH = 20, 64
"""Of the network that predicts the foreground of crops."""
LIGHT = Augmentation(color=0.3, cast=0.06)
"""Changes of colour that it learns with."""
COLOR, CAST = 0.15, 0.03
"""Changes of colour as from one monitor to another; the recipe's own are for screenshots of one."""


@dataclass(frozen=True)
class StartOrder(SampleOrder):
    """What is drawn: screenshots, and so many frames of walking scenes."""

    walks: int = 0

    def plans(self) -> tuple[ScreenshotPlan, ...]:
        """Return the plans of the screenshots."""
        return (*super().plans(), *plan_walks(self.walks, seed=self.seed))


def plan_walks(count: int, *, seed: int) -> tuple[ScreenshotPlan, ...]:
    """Return single frames of so many sequences: figures that are farther away than in screenshots, and more of them.

    Args:
        count: How many frames, each of another sequence.
        seed: The same seed gives the same frames.
    """
    rng = generator(seed, "world", "walks")
    found = []
    for number in range(count):
        *_, frame = plan_video(int(rng.integers(1, LONGEST_WALK)), seed=int(rng.integers(2**31)))
        found.append(replace(frame, name=f"{frame.street}_walk_{number + 1:04d}"))
    return tuple(found)


def main(seed: int = 3, scale: float = SCALE, *, folder: Path = FOLDER) -> None:
    """Draw and train; write one file for each task."""
    order = StartOrder(seed, scale, balanced=True, masks=True, varied=True)
    for tasks, walks in ((CROPS, 0), (("detect",), WALKS)):
        with tempfile.TemporaryDirectory(prefix="toonvision-") as name:
            write_starts(Path(name), replace(order, walks=walks), tasks, folder)


def write_starts(root: Path, order: StartOrder, tasks: tuple[str, ...], folder: Path) -> None:
    """Draw into a folder, train for some tasks, and write their weights into another."""
    draw_into(root, order)
    workspace = open_workspace(root)
    workspace.extract()
    workspace.split(seed=order.seed, ratios="90/5/5")
    taxonomy = workspace.files.taxonomy.name
    for task in tasks:
        run = workspace.train(task, seed=order.seed, color=COLOR, cast=CAST, start=RANDOM, epochs=EPOCHS.get(task))
        print(run.summary().sentences)
        card = read_card(run.folder)
        path = folder / taxonomy / start_path(taxonomy, card.network, len(card.classes), task).name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_start(load_model(run.folder), card.network, card.classes, path)
        print(f"Wrote {path} ({path.stat().st_size / 1000:.0f} kB)")
    if tasks == CROPS:
        path = save_foreground(learn_foreground(workspace, order.seed), taxonomy, folder)
        print(f"Wrote {path} ({path.stat().st_size / 1000:.0f} kB)")


def learn_foreground(workspace: Workspace, seed: int) -> "keras.Model":
    """Train a network on all crops and their masks, half of them in front of what another one shows."""
    import keras

    files = workspace.files
    data = load_dataset(files, files.taxonomy.task("label"), size_hw=SIZE_HW, split=None, resize=files.resize)
    images, instances = np.asarray(data.images), np.asarray(data.instances)
    keras.utils.set_random_seed(seed)
    # The word is part of the seed of the weights that come with the package.
    rng, model = generator(seed, "figures"), foreground_network()
    steps = FOREGROUND_EPOCHS * math.ceil(len(images) / BATCH)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, steps)), "binary_crossentropy")
    for _ in range(FOREGROUND_EPOCHS):
        for chosen in np.array_split(rng.permutation(len(images)), steps // FOREGROUND_EPOCHS):
            shown, seen = images[chosen], instances[chosen] > 0
            turned = rng.random(len(chosen)) < 0.5
            shown[turned], seen[turned] = shown[turned, :, ::-1], seen[turned, :, ::-1]
            relit = augment(moved(shown, seen.astype(np.uint8), 0.5, rng), LIGHT, rng)
            model.train_on_batch(relit, seen[..., None].astype(np.float32))
    return model


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
