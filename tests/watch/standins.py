"""Stand-ins for what is slow or cannot be had: sources whose frames are ready, models that see what they are told."""

import time
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from toonvision.deploy.scene import Namer
from toonvision.metrics.found_objects import FoundObject
from toonvision.metrics.predictions import Answers
from toonvision.watch.frames import Frame
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.tracking import DEFAULT_TRACKING, TrackSettings

PARENTS = {"suit": {"kind": {"bb": "cog", "lb": "cog"}}}
LEVELS = {"kind": ("cog", "toon"), "suit": ("bb", "lb")}
COG = (FoundObject("cog", 0.9, (5.0, 5.0, 25.0, 45.0)),)


@dataclass
class ReadySource:
    """A source of so many grey frames, ten a second; the grey value is the number.

    `before` is called with the number of each before it is there, and with None after the last one was taken over.
    """

    count: int
    live: bool = False
    wait_s: float = 0.0
    before: object = lambda _: None
    error: BaseException | None = None
    title: str = "ready"
    size_wh: tuple[int, int] = (64, 48)
    findings: list = field(default_factory=list)
    closed: bool = False

    def frames(self, stop):
        for number in range(1, self.count + 1):
            if stop.is_set():
                return
            if self.wait_s:
                time.sleep(self.wait_s)
            self.before(number)
            yield Frame(number, number / 10, Image.new("RGB", self.size_wh, (number % 256,) * 3), time.monotonic())
        self.before(None)
        if self.error:
            raise self.error

    def close(self):
        self.closed = True


@dataclass
class ToldModels:
    """Models that find what they are told for each call: a function of how often they were asked before."""

    find_at: object = lambda at: (FoundObject("cog", 0.9, (5.0 + at % 40, 5.0, 25.0 + at % 40, 45.0)),)
    sure: float = 0.99
    asked: int = 0
    named: list = field(default_factory=list)
    wait_s: float = 0.0
    taxonomy: None = None
    heights: None = None
    street: object = None
    seen_ways: int = 0
    level: str = "kind"
    tracking: TrackSettings = DEFAULT_TRACKING

    @property
    def paths(self):
        return LevelPaths.of("kind", LEVELS, PARENTS)

    @property
    def categories(self):
        from toonvision.taxonomy.labels import Category, color_at

        return {
            level: {one: Category(one, one.title(), color_at(at)) for at, one in enumerate(classes)}
            for level, classes in LEVELS.items()
        }

    @property
    def namers(self):
        def answer(pictures):
            self.named.append(pictures.shape)
            return Answers(np.array([[self.sure, 1 - self.sure]], np.float32))

        return (Namer("suit", "suit", ("bb", "lb"), (24, 18), "stretch", PARENTS["suit"], answer),)

    def warm_up(self):
        pass

    pixel_classes = ("sky", "road")

    def find_with_pixels(self, image):
        """Find, and see a road in the lower third that is narrower the farther away it is."""
        self.seen_ways += 1
        rows, columns = np.mgrid[0:90, 0:160]
        road = (rows >= 50) & (abs(columns - 80) < 12 + 2.2 * (rows - 50))
        return self.find(image), road.astype(np.uint8)

    def find(self, _):
        if self.wait_s:
            time.sleep(self.wait_s)
        found = self.find_at(self.asked)
        self.asked += 1
        return found
