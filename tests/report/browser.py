"""A page in a real browser, where there is one: headless Chromium."""

import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def opened(text: str, folder: Path, width: int) -> subprocess.CompletedProcess[str]:
    """Open a page in a window of a width; its document as it stands then is the output."""
    assert CHROMIUM
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--enable-logging=stderr", f"--user-data-dir={folder}/profile", f"--window-size={width},900"]
    return subprocess.run(
        [*command, "--dump-dom", file.as_uri()], capture_output=True, text=True, check=True, timeout=300
    )


def measured(page: str, script: str, folder: Path, width: int) -> dict[str, str]:
    """Return what a script, run at the end of a page without its policy, leaves as ``name=value;...`` in ``#said``."""
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    dom = opened(free.replace("</body>", f"{script}</body>"), folder, width).stdout
    found = re.search(r'id="said">(.*?)</p>', dom)
    assert found
    return dict(pair.split("=", 1) for pair in found[1].split(";") if pair)
