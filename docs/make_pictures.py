"""Make the images of the documentation.

Run: python docs/make_pictures.py [DEMO [BLOOD_CELLS]]

Without arguments, only the images of the sample world are drawn. DEMO is a workspace of the sample world with masks, in
which `toonvision explain suit/baseline-1` and `toonvision report suit/baseline-1` were run; BLOOD_CELLS is the one of
docs/blood-cells.md. Headless Chromium, which must be installed, takes the screenshots of their reports.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from sheets import contact_sheet, disturbance_sheet, mask_sheet, pose_sheet, street_sheet
from toonvision.data.workspace import open_workspace
from toonvision.deploy.packaged import packaged_scene
from toonvision.label.page import label_app
from toonvision.label.proposals import proposals_of
from toonvision.label.session import Session
from toonvision.taxonomy.loader import built_in
from toonvision.watch.loop import watch_frames
from toonvision.watch.models import WatchModels
from toonvision.watch.recording import draw_tracks
from toonvision.watch.sources import open_source
from toonvision.web.server import PageServer

PICTURES = Path(__file__).with_name("pictures")
_WIDTH = 1200
_RECORDED, _WATCHED_S, _SEED = 720, 5.0, 8
"""Pixels of the width, seconds and scene of the recording."""
_CHARTED_MS = 14_000
"""How long the page watches before its screenshot is taken."""
_LABELLED, _KEYS = "mml/mml_0002.png", ("l", "n", "d")
"""The screenshot on the labelling page, and the keys that name its first proposal."""
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
    _save_labelled()
    _save_watching()
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
    path = PICTURES / "watching.webp"
    frames[0].save(path, quality=45, method=6, save_all=True, append_images=frames[1:], duration=100, loop=0)


def _save_labelled() -> None:
    """Take a screenshot of the labelling page: a drawn screenshot, of which one proposal is decided."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        drawn, root = Path(folder) / "drawn", Path(folder) / "my-game"
        _program("sample", drawn, "--seed", "1", "--scale", "0.03")
        _program("init", root)
        for path in (drawn / "screenshots").rglob("*.png"):
            (root / "screenshots" / path.parent.name).mkdir(exist_ok=True)
            path.rename(root / "screenshots" / path.parent.name / path.name)
        _program("label", "-w", root, "--propose")
        workspace = open_workspace(root)
        session = Session(workspace, proposals=proposals_of(workspace))
        session.put_in_order([shot.id for shot in session.screenshots if shot.name == _LABELLED])
        server = PageServer(label_app(session), port=0, note=print)
        with server.in_background() as access, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1200, "height": 620})
            page.goto(access.url)
            page.wait_for_selector("body[data-shown]")
            for key in _KEYS:
                page.keyboard.press(key)
            page.wait_for_timeout(1_000)
            _save(Image.open(io.BytesIO(page.screenshot())), "labelling.png")
            browser.close()


def _save_watching() -> None:
    """Take a screenshot of the watching page, after some seconds of a walking scene."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as root:
        _program("init", root)
        command = _command("watch", f"world:{_SEED}", "-w", root, "--no-browser", "--port", "0")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching, sync_playwright() as playwright:
            assert watching.stdout is not None
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1200, "height": 860}, color_scheme="dark")
            page.goto(watching.stdout.readline().strip())
            page.wait_for_timeout(_CHARTED_MS)
            _save(Image.open(io.BytesIO(page.screenshot())), "watching-page.png")
            browser.close()
            watching.terminate()


def _program(*words: object) -> None:
    subprocess.run(_command(*words), check=True, capture_output=True)


def _command(*words: object) -> list[str]:
    return [sys.executable, "-m", "toonvision", *map(str, words)]


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
