"""The names of the strategies; nothing else, so that the command line knows them without loading the rest."""

from typing import Literal

Strategy = Literal["random", "hyperband", "bayesian", "front"]
