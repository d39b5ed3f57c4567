import subprocess
import sys

import pytest

import toonvision


@pytest.mark.parametrize("name", toonvision.__all__)
def test_every_public_name_can_be_had_and_is_documented(name):
    assert getattr(toonvision, name).__doc__


def test_the_public_names_are_those_that_the_package_lists():
    assert dir(toonvision) == sorted(toonvision.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'frobnicate'"):
        toonvision.frobnicate  # noqa: B018 - looking it up is the test


def test_importing_the_package_imports_nothing_heavy():
    heavy = {"numpy", "keras", "PIL", "pydantic", "matplotlib", "sklearn", "typer"}
    code = f"import sys, toonvision; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
