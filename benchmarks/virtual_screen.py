"""A virtual screen, as benchmarks and tests that look at the screen need it: Xvfb, where it is installed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

SIZE_WH = (1280, 720)


@contextmanager
def virtual_screen(size_wh: tuple[int, int] = SIZE_WH) -> Iterator[str]:
    """Start a screen of its own and give its name, as DISPLAY has it."""
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        f"{size_wh[0]}x{size_wh[1]}x24",
        "-nolisten",
        "tcp",
        "-noreset",
    ]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            yield f":{said.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)
