import pytest

from toonvision.core.errors import UsageError
from toonvision.tasks.registry import DETECTORS_TOO, require_step
from toonvision.taxonomy.loader import built_in

TOONTOWN = built_in("toontown")


@pytest.mark.parametrize("what", sorted(DETECTORS_TOO))
def test_a_step_that_detectors_can_take_too_is_offered_for_them(what):
    require_step(TOONTOWN.task("detect"), TOONTOWN, what=what)
    said = rf"^{what} is for tasks of the kind classify or detect; street is of the kind segment\. .*, detect\.$"
    with pytest.raises(UsageError, match=said):
        require_step(TOONTOWN.task("street"), TOONTOWN, what=what)


def test_a_step_for_classes_alone_is_refused_for_all_other_tasks():
    for name in ("detect", "street"):
        with pytest.raises(UsageError, match=r"of the kind classify; .* binary, suit, entity, animal, label\.$"):
            require_step(TOONTOWN.task(name), TOONTOWN, what="calibrate")
