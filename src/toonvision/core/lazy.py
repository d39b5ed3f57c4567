"""Public names of a package that are imported when they are first used."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a package whose names are defined in its modules (PEP 562).

    A name that is not in `homes` raises `AttributeError`; one that needs a library that is not installed raises
    `ModuleNotFoundError`, which says what to install.

    Args:
        package: The package's name.
        homes: Public name to the module of the package that defines it. Where it is defined under another name, that
            stands behind a colon: ``api.workspace:open_workspace``.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            module, _, defined_as = homes[name].partition(":")
            return getattr(importlib.import_module(f"{package}.{module}"), defined_as or name)
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] == "toonvision":
                raise
            missing = f"{package}.{name} needs {error.name}. Install it: pip install 'toonvision[train]'"
            raise ModuleNotFoundError(missing, name=error.name) from error

    return get, lambda: sorted(homes)
