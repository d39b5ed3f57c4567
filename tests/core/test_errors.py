import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.core import errors
from toonvision.core.errors import Finding, RejectedItemError, ToonVisionError, printable, shown


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("UsageError", 2),
        ("InputRejectedError", 3),
        ("EnvironmentFaultError", 4),
        ("WorkspaceBusyError", 5),
        ("ModelRefusedError", 6),
    ],
)
def test_every_error_has_the_promised_exit_code(name, code):
    kind = getattr(errors, name)
    assert issubclass(kind, ToonVisionError)
    assert kind.exit_code == code


@pytest.mark.parametrize("value", ["x" * 10**6, 10**400, [[1] * 10**5] * 9, {"a": ["y" * 999] * 99}, ("z",) * 99])
def test_a_value_is_shown_in_few_words_however_large_it_is(value):
    assert 0 < len(shown(value)) < 1000


@given(text=st.text())
def test_whatever_the_text_it_can_be_printed_in_one_line(text):
    assert printable(text).isprintable()
    assert printable(text) == text or not text.isprintable()


def test_a_rejected_item_becomes_a_finding_that_names_it_with_reason_and_remedy():
    finding = RejectedItemError("is damaged", "save it again", code="damaged").finding("shot.png", pictures=1)
    assert finding == Finding("shot.png", "is damaged", "save it again", "damaged", objects=0, pictures=1)
    assert str(finding) == "shot.png: is damaged (save it again)"
    assert finding.skips
    assert not Finding("shot.png", "was clamped").skips
    assert str(Finding("shot.png", "was clamped")) == "shot.png: was clamped"
