"""Jobs that are done on other machines, some of which kill what does them."""

import os
import signal
import time
from pathlib import Path

from toonvision.core.errors import ModelRefusedError

PATIENCE_S = 120


def until(condition):
    """Wait for a condition, though not for ever."""
    ends = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < ends:
        time.sleep(0.05)


def meet(folder, workers):
    """Wait until so many processes do."""
    (Path(folder) / str(os.getpid())).touch()
    until(lambda: len(list(Path(folder).iterdir())) >= workers)


def slow_square(number, _report):
    time.sleep(0.3)
    return number * number


def square_among(job, report):
    """Square a number slowly once so many workers are at it."""
    number, folder, workers = job
    meet(folder, workers)
    return slow_square(number, report)


def square_after(job, _report):
    """Square a number once a file is there."""
    number, path = job
    until(Path(path).exists)
    return number * number


def open_together(folder, opener, *, threads):
    """Open what answers once two workers do."""
    meet(folder, 2)
    return opener(threads=threads)


def die_once(job, _report):
    number, folder = job
    marker = Path(folder) / str(number)
    if number % 3 == 0 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def die_on_two(number, _report):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def refuse(_number, _report):
    raise ModelRefusedError("the model answers NaN.")


def lead_slowly(_function, _again, pipe):
    """Lead with room for two jobs, and send back how many are here."""
    from toonvision.core.runner import Message, Room

    pipe.send(Room(2))
    here = []
    while True:
        time.sleep(0.05)
        while pipe.poll():
            if (received := pipe.recv()) is None:
                return
            here.append(received)
        if here:
            number, _ = here[0]
            pipe.send(Message(number, len(here), done=True, by="elsewhere"))
            del here[0]


def examine_or_die(vocabulary, crops, tasks, _report):
    from toonvision.data.examination import examine

    if any(task.picture.name.endswith("shot_06.png") for task in tasks):
        os.kill(os.getpid(), signal.SIGKILL)
    return [examine(task, vocabulary, crops) for task in tasks]
