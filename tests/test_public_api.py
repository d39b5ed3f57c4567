import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import toonvision
from toonvision import figures
from toonvision.figures.panels import _DRAWN_BY


@pytest.mark.parametrize("name", toonvision.__all__)
def test_every_public_name_can_be_had_and_is_documented(name):
    assert getattr(toonvision, name).__doc__


@pytest.mark.parametrize("name", figures.__all__)
def test_every_figure_can_be_had_and_is_documented_and_panels_take_axes(name):
    figure = getattr(figures, name)
    assert figure.__doc__
    signature = inspect.signature(figure)
    panel = "ax" in signature.parameters
    if name.startswith("draw_"):
        assert list(signature.parameters).index("ax") == 0 if panel else True
        assert str(signature.return_annotation).endswith(("Axes'>", "Axes") if panel else ("Figure'>", "Figure"))


@pytest.mark.parametrize("name", _DRAWN_BY)
def test_a_value_is_drawn_by_the_function_that_takes_its_type(name):
    module, function = _DRAWN_BY[name]
    draw = getattr(importlib.import_module(f"toonvision.figures.{module}"), function)
    (parameter,) = inspect.signature(draw).parameters.values()
    taken = get_args(parameter.annotation) or (parameter.annotation,)
    assert name in {one.__name__ for one in taken if isinstance(one, type)}


def test_no_figure_is_forgotten():
    folder = Path(figures.__file__).parent
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.py")]
    found = {name for text in texts for name in re.findall(r"^def (draw_\w+)\(", text, re.MULTILINE)}
    registered = {function for _, function in _DRAWN_BY.values()}
    assert registered <= found <= registered | set(figures.__all__)


def test_the_public_names_are_those_that_the_package_lists():
    assert dir(toonvision) == sorted(toonvision.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'frobnicate'"):
        toonvision.frobnicate  # noqa: B018 - looking it up is the test


def test_a_name_that_needs_what_is_not_installed_says_what_to_install():
    # In a process of its own: modules that are imported anew here would be other ones than those of later tests.
    code = "import sys; sys.modules['pydantic'] = None; import toonvision; toonvision.open"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    said = ended.stderr.splitlines()[-1]
    assert re.match(r"ModuleNotFoundError: toonvision.open needs pydantic. .*'toonvision\[train\]'", said), ended.stderr


def test_importing_the_package_imports_nothing_heavy():
    heavy = {"numpy", "keras", "PIL", "pydantic", "matplotlib", "sklearn", "typer"}
    code = f"import sys, toonvision, toonvision.figures; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
