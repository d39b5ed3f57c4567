"""The names of the strategies and recipes; nothing else, so that the command line need not load the rest."""

from typing import Literal

Strategy = Literal["random", "hyperband", "bayesian", "front"]
RecipeName = Literal["published", "compact"]
