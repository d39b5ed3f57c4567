import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import files_property, scene
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture
from toonvision.data.examination import PictureTask, examine
from toonvision.data.label_rules import AS_THEY_ARE
from toonvision.data.unknown_labels import Vocabulary
from toonvision.data.workspace import Source
from toonvision.taxonomy.labels import Label, Taxonomy
from toonvision.taxonomy.loader import built_in

TAXONOMY = Taxonomy("t", (), tuple(Label(name, name, {}) for name in ("apple", "pear")))
TOONTOWN = built_in("toontown")


@pytest.fixture(scope="module")
def picture_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("shots") / "a.png"
    scene("a").save(path)
    return path


def examined(path, objects, taxonomy=TAXONOMY):
    entries = tuple(AnnotatedObject(number, *given_object) for number, given_object in enumerate(objects, start=1))
    picture = AnnotatedPicture(path, "a.png", "a.xml", "all", entries)
    vocabulary = Vocabulary.of([entry.label for entry in entries], taxonomy, AS_THEY_ARE)
    return examine(PictureTask(Source("s", "voc", path.parent), picture, None, ()), vocabulary, path.parent)


boxes = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(5, 8), st.integers(5, 8))
shifts = st.sampled_from([-0.5, -0.25, 0, 0.25, 0.49])


@files_property
@given(
    drawn=st.lists(st.tuples(st.sampled_from(["apple", "pear"]), boxes, st.tuples(*[shifts] * 4)), max_size=12),
)
def test_however_often_an_object_comes_it_is_one_crop_and_each_repetition_is_reported(picture_file, drawn):
    objects = [(label, tuple(edge + by for edge, by in zip(box, shift, strict=True))) for label, box, shift in drawn]
    outcome = examined(picture_file, objects)
    pairs = [(label, box) for label, box, _ in drawn]
    assert [(cut.label, cut.box.xyxy) for cut in outcome.cuts] == list(dict.fromkeys(pairs))
    expected = [
        (f"a.xml, object {number}", f"repeats object {pairs.index(pair) + 1}: same label, same box")
        for number, pair in enumerate(pairs, start=1)
        if pair in pairs[: number - 1]
    ]
    repeated = [finding for finding in outcome.findings if finding.code == "duplicate"]
    assert [(finding.item, finding.reason) for finding in repeated] == expected
    assert all(finding.objects == 1 for finding in repeated)
    assert len(outcome.cuts) + sum(finding.objects for finding in outcome.findings) == len(drawn)


@files_property
@given(
    label=st.sampled_from([label.name for label in TOONTOWN.labels]),
    place=st.integers(0, 40),
    change=st.sampled_from(["", "x", "__", "É", "犬"]),
)
def test_a_label_with_a_slip_is_left_out_with_the_nearest_label_that_there_is(picture_file, label, place, change):
    place %= len(label)
    missed = label[:place] + change + label[place + 1 :]
    if missed in TOONTOWN.by_name:
        return
    taxonomy = Taxonomy("t", (), TOONTOWN.labels)
    outcome = examined(picture_file, [(missed, (0, 0, 9, 9)), (label, (0, 0, 9, 9))], taxonomy)
    (finding,) = outcome.findings
    assert (finding.code, finding.objects) == ("unknown-label", 1)
    assert finding.reason.startswith(f"the taxonomy knows no label {missed!r}.")
    meant = re.search(r" Did you mean (\w+)\?$", finding.reason)
    assert meant
    assert meant[1] in TOONTOWN.by_name
    assert [cut.label for cut in outcome.cuts] == [label]
