"""What a person asks of labelling and proposing. This module loads nothing heavy: the command line has its defaults."""

from dataclasses import dataclass

PORT = 8710
"""Always the same one where it is free: the browser keeps what could not be saved by address."""
SURE = 95
"""The precision in percent from which on boxes are accepted without asking."""


@dataclass(frozen=True)
class LabelOrder:
    """How the labelling page is served.

    Attributes:
        browser: Whether to open it in the web browser.
        port: Its port on this computer; the next free one is taken where another program has it; 0 for any.
        as_json: Whether standard output is for one JSON object; then the address is printed on standard error.
        then: The tasks that are trained once the page has ended; with some, a key of the page ends it.
    """

    browser: bool = True
    port: int = PORT
    as_json: bool = False
    then: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProposeOrder:
    """What is to propose boxes, and for which screenshots.

    Attributes:
        detector: The run that finds; None takes the newest one, or the one that comes with the package.
        classifiers: Runs that name, one a level; empty takes the newest one of each level. Those that come with the
            package name the levels that no run does.
        every: Also propose for screenshots that are annotated or reviewed: what a person decided stays.
        sure: The precision in percent from which on boxes are accepted without asking, at the lower end of its
            interval; 100 asks about all.
        seed: Decides which 5 % of what is sure enough a person is asked about all the same.
        ray: The address of a Ray cluster that does the work; None for this machine.
    """

    detector: str | None = None
    classifiers: tuple[str, ...] = ()
    every: bool = False
    sure: float = SURE
    seed: int = 0
    ray: str | None = None
