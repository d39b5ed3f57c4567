"""What a person asks of a search. This module loads nothing heavy: the command line makes its options from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from toonvision.core.options import Option, check_fields
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.tasks.settings import TRAINING_OPTIONS
from toonvision.tuning.space import Space

Strategy = Literal["random", "hyperband", "bayesian", "front"]
RecipeName = Literal["published", "compact"]

DEFAULTS: Mapping[str, Any] = {
    "strategy": "random",
    "recipe": "published",
    "trials": 25,
    "race": 30,
    "repeats": 1,
    "split": DEFAULT_SPLIT,
    "seed": 0,
}
"""What an option of a new search is where it is None; the others follow from the recipe, or bound nothing."""


@dataclass(frozen=True)
class SearchOptions:
    """What a person asks of a search; None asks for the default, or, in a search that goes on, for what it has.

    Raises:
        UsageError: If a value is of another kind, or out of bounds.
    """

    strategy: Annotated[
        Strategy | None,
        Option(
            "How networks are drawn: at random; at random, and bad trials are stopped early; near good ones; or near "
            "the front of size against error.",
            common=True,
        ),
    ] = None
    recipe: Annotated[
        RecipeName | None,
        Option("What is drawn and how it is trained: as published; or small normalised networks, as compact is."),
    ] = None
    trials: Annotated[int | None, Option("Number of networks to try.", minimum=1, common=True)] = None
    max_params: Annotated[int | None, Option("Most weights of a network.", minimum=1, common=True)] = None
    max_ms: Annotated[
        float | None, Option("Most time for one crop or screenshot on this machine.", minimum=0.001, unit="ms")
    ] = None
    space: Annotated[Space | Path | str | None, Option("What to draw from: a file in TOML.")] = None
    race: Annotated[
        int | None,
        Option("Most trainings of the race, which compares the best trials with new seeds.", minimum=0, common=True),
    ] = None
    repeats: Annotated[int | None, Option("Trainings of each trial, with the same seeds for all.", minimum=1)] = None
    epochs: Annotated[int | None, TRAINING_OPTIONS["epochs"].option] = None
    patience: Annotated[int | None, TRAINING_OPTIONS["patience"].option] = None
    batch_size: Annotated[int | None, TRAINING_OPTIONS["batch_size"].option] = None
    flip: Annotated[bool | None, TRAINING_OPTIONS["flip"].option] = None
    size_hw: Annotated[tuple[int, int] | None, Option("Input height x width.", unit="pixels", flag="size")] = None
    split: Annotated[str | None, Option("The split to use.")] = None
    seed: Annotated[int | None, Option("Same seed, same result.", minimum=0, maximum=2**32 - 1)] = None

    def __post_init__(self) -> None:
        """Refuse what it cannot be."""
        check_fields(self)

    def given(self) -> dict[str, Any]:
        """Return the options that are not None."""
        return {name: value for name, value in vars(self).items() if value is not None}
