"""The targets that `benchmarks/reliability/fuzzing.py` feeds for hours, on each seed and a few hundred changed ones."""

import random
from collections import Counter

import pytest

from reliability import fuzz_targets
from reliability.fuzz_targets import REFUSED, TARGETS, BrokenPromiseError
from toonvision.data import examination
from toonvision.data.boxes import AnnotatedPicture


def changed(target, count):
    """Change seeds at random, always in the same way: cut, with flipped bits, a word put in, or grown together."""
    rng, seeds = random.Random(0), [seed for seed in target.seeds() if seed]
    for _ in range(count):
        content = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(content))
            change = rng.choice(("cut", "flip", "flip", "put in", "splice"))
            if change == "cut" and place:
                del content[place:]
            elif change == "flip":
                content[place] ^= 1 << rng.randrange(8)
            elif change == "put in":
                word = rng.choice(target.words)
                content[place : place + rng.choice((0, len(word)))] = word
            elif change == "splice":
                other = rng.choice(seeds)
                content[place:] = other[rng.randrange(len(other)) :]
        yield bytes(content)


COUNTS = {"annotations": 300, "pictures": 300, "catalogues": 150}
"""How many changed files are tried; 100 where it is not said."""


@pytest.mark.parametrize(("name", "count"), [(name, COUNTS.get(name, 100)) for name in TARGETS])
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_changed_files_are_used_or_refused_as_is_promised(name, count, tmp_path):
    target = TARGETS[name]
    run = target.start(tmp_path)
    became = Counter(run(content) for content in [*target.seeds(), *changed(target, count)])
    assert became[REFUSED] > count / 20
    assert became.total() - became[REFUSED] > count / 20


def test_an_object_that_is_lost_breaks_a_promise(tmp_path, monkeypatch):
    target = TARGETS["annotations"]
    run = target.start(tmp_path)
    monkeypatch.setattr(AnnotatedPicture, "object_count", 3)
    with pytest.raises(BrokenPromiseError, match="an object is lost"):
        run(target.seeds()[0])


def test_an_error_that_is_not_promised_comes_through(tmp_path, monkeypatch):
    def stumble(*_):
        raise ZeroDivisionError

    target = TARGETS["pictures"]
    run = target.start(tmp_path)
    monkeypatch.setattr(examination, "fingerprint", stumble)
    with pytest.raises(ZeroDivisionError):
        run(target.seeds()[0])


def test_a_catalogue_that_changes_while_it_is_read_breaks_a_promise(tmp_path, monkeypatch):
    target = TARGETS["catalogues"]
    run = target.start(tmp_path)
    monkeypatch.setattr(fuzz_targets, "group_keys", lambda _: (tmp_path / "catalog.sqlite").write_bytes(b""))
    with pytest.raises(BrokenPromiseError, match="reading changed the catalogue"):
        run(target.seeds()[-2])
