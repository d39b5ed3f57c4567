import re

from hypothesis import given
from hypothesis import strategies as st

from toonvision.label.codes import label_codes

WORDS = st.text("abmo_ é1", min_size=1, max_size=12)


@given(st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=3), max_size=40))
def test_codes_are_distinct_and_as_long_as_each_other_and_none_begins_a_word_of_another_label(called):
    codes = label_codes(called)
    assert codes.keys() == called.keys()
    assert len(set(codes.values())) == len(codes)
    assert len({len(code) for code in codes.values()}) <= 1
    for name, code in codes.items():
        others = [word for other, words in called.items() if other != name for word in words]
        assert not any(word.startswith(code) for text in others for word in re.split(r"[\s_]+", text.lower()))


def test_many_labels_that_begin_alike_have_codes_of_three_letters():
    codes = label_codes({f"thing_{at}": [f"Thing {at}"] for at in range(700)})
    assert {len(code) for code in codes.values()} == {3}
