import pytest

from toonvision.core import errors
from toonvision.core.errors import Finding, RejectedItemError, ToonVisionError


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


def test_a_rejected_item_becomes_a_finding_that_names_it_with_reason_and_remedy():
    finding = RejectedItemError("is damaged", "save it again", code="damaged").finding("shot.png", pictures=1)
    assert finding == Finding("shot.png", "is damaged", "save it again", "damaged", objects=0, pictures=1)
    assert str(finding) == "shot.png: is damaged (save it again)"
    assert finding.skips
    assert not Finding("shot.png", "was clamped").skips
    assert str(Finding("shot.png", "was clamped")) == "shot.png: was clamped"
