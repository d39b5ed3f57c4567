"""A window that shows the drawn world walking, in a process of its own: `python shown_window.py WIDTH HEIGHT RATE`.

The pictures are given to the X server once; showing one is a copy within it, so that the window takes next to nothing
of the machine. It prints a line when it is ready, and goes on until it is ended.
"""

import sys
import time
from itertools import count, islice
from threading import Event

from PIL import Image

from toonvision.watch.sources import open_source

TITLE = "The drawn world"
_PICTURES = 12
_STRIP = 60
"""Rows that are sent at once."""


def pictures(size_wh: tuple[int, int]) -> list[Image.Image]:
    """Return frames of a walking scene in a size, in pixels."""
    frames = (frame.image for frame in open_source("world:3").frames(Event()))
    return [_fitted(image, size_wh) for image in islice(frames, _PICTURES)]


def main(width: int, height: int, rate: float) -> None:
    """Show the pictures, forth and back."""
    from Xlib.display import Display

    display = Display()
    screen = display.screen()
    window = screen.root.create_window(0, 0, width, height, 0, screen.root_depth)
    window.set_wm_name(TITLE)
    window.map()
    context = window.create_gc()
    kept = []
    for picture in pictures((width, height)):
        pixmap = window.create_pixmap(width, height, screen.root_depth)
        for top in range(0, height, _STRIP):
            strip = picture.crop((0, top, width, min(top + _STRIP, height)))
            pixmap.put_pil_image(context, 0, top, strip)
            display.sync()  # what waits to be sent is copied again and again
        kept.append(pixmap)
    print("ready", flush=True)
    started = time.monotonic()
    for number in count():
        at = number % (2 * len(kept) - 2)
        shown = kept[at if at < len(kept) else 2 * len(kept) - 2 - at]
        window.copy_area(context, shown, 0, 0, width, height, 0, 0)
        display.flush()
        display.pending_events()
        time.sleep(max(0.0, started + (number + 1) / rate - time.monotonic()))


def _fitted(image: Image.Image, size_wh: tuple[int, int]) -> Image.Image:
    """Return the middle of a picture in another size."""
    scale = max(size_wh[0] / image.width, size_wh[1] / image.height)
    wide, high = size_wh[0] / scale, size_wh[1] / scale
    left, top = (image.width - wide) / 2, (image.height - high) / 2
    return image.resize(size_wh, box=(left, top, left + wide, top + high))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
