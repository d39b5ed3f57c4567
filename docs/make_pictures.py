"""Make the images of the documentation.

Run: python docs/make_pictures.py [DEMO [BLOOD_CELLS]]

Without arguments, only the images of the sample world are drawn. DEMO is a workspace of the sample world with masks, in
which `toonvision explain suit/baseline-1` and `toonvision report suit/baseline-1` were run; BLOOD_CELLS is the one of
docs/blood-cells.md. Headless Chromium, which must be installed, takes the screenshots of their reports.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from toonvision.deploy.packaged import packaged_scene
from toonvision.taxonomy.loader import built_in
from toonvision.watch.drawing import draw_tracks
from toonvision.watch.loop import watch_frames
from toonvision.watch.models import WatchModels
from toonvision.watch.sources import open_source
from toonvision.world.sheets import contact_sheet, disturbance_sheet, mask_sheet, pose_sheet, street_sheet

PICTURES = Path(__file__).with_name("pictures")
_WIDTH = 1200
_RECORDED, _WATCHED_S, _SEED = 720, 5.0, 8
"""Pixels of the width, seconds and scene of the recording."""
_MIDDLE = (360, 120, 1360, 540)


def main(demo: Path | None = None, blood_cells: Path | None = None) -> None:
    """Draw the images of the sample world, and take screenshots of the reports."""
    PICTURES.mkdir(exist_ok=True)
    _save(contact_sheet(seed=0), "entities.jpg")
    _save(pose_sheet(seed=0), "poses.jpg")
    _save(street_sheet(seed=0), "streets.jpg")
    _save(disturbance_sheet(seed=0), "disturbances.jpg")
    _save(mask_sheet(seed=0), "masks.png")
    _save_watched()
    if demo:
        _save(_screenshot(_newest_report(demo), height=1930), "report.png")
        explained = next(demo.glob("runs/*/*/figures/explain"))
        _save(Image.open(min(explained.glob("maps-*.png"))), "maps.png")
        _save(Image.open(explained / "evidence.png"), "evidence.png")
    if blood_cells:
        _save(_screenshot(_newest_report(blood_cells), height=900), "blood-cells-report.png")
        # No figure that shows the images of the dataset, which are not ours.
        for name in ("confusion", "spread"):
            _save(Image.open(_newest_report(blood_cells).parent / "figures" / f"{name}.png"), f"blood-cells-{name}.png")


def _save_watched() -> None:
    """Save a short recording of the drawn world being watched, with the models that come with the package."""
    models = WatchModels.of(packaged_scene("toontown"), built_in("toontown"))
    frames = []
    for frame in watch_frames(open_source(f"world:{_SEED}"), models, seconds=_WATCHED_S):
        drawn = draw_tracks(frame.image, frame.tracks, models.categories).crop(_MIDDLE)
        frames.append(drawn.resize((_RECORDED, drawn.height * _RECORDED // drawn.width), Image.Resampling.LANCZOS))
    options = {"save_all": True, "append_images": frames[1:], "duration": 100, "loop": 0}
    frames[0].save(PICTURES / "watching.webp", quality=45, method=6, **options)


def _newest_report(workspace: Path) -> Path:
    return max(workspace.glob("runs/*/*/report.html"), key=lambda path: path.stat().st_mtime)


def _screenshot(page: Path, *, height: int) -> Image.Image:
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += ["--disable-background-networking", f"--user-data-dir={folder}/profile"]
        command += [f"--window-size=1280,{height}", f"--screenshot={shot}", page.resolve().as_uri()]
        subprocess.run(command, check=True, capture_output=True)
        return Image.open(shot).copy()


def _save(image: Image.Image, name: str) -> None:
    """Save an image at most 1,200 pixels wide; a PNG has 256 colours, which keeps the repository small."""
    small = image.convert("RGB")
    if small.width > _WIDTH:
        small = small.resize((_WIDTH, round(small.height * _WIDTH / small.width)), Image.Resampling.LANCZOS)
    if name.endswith(".png"):
        small = small.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(PICTURES / name, optimize=True, quality=88)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
