import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from builders import scene, tried
from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.core.names import folded
from toonvision.data.source_tree import SourceTree

ROOT = Path("shots")
names = st.text(st.characters(exclude_categories=("C",), exclude_characters="/.\\"), min_size=1, max_size=12)
names |= st.text("äößéǰΐςσΣKkÅiIsſ\u0301\u0308ßS", min_size=1, max_size=6)
FORMS = {
    "lower case": str.lower,
    "upper case": lambda name: name.upper() if name.upper().lower() == name.lower() else name,
    "case swapped in its first letter": lambda name: name[0].swapcase() + name[1:],
    "composed": lambda name: unicodedata.normalize("NFC", name),
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "decomposed lower case": lambda name: unicodedata.normalize("NFD", name.lower()),
}


@given(name=names, form=st.sampled_from(list(FORMS)), folder=st.sampled_from(["", "Garden/", "größe/"]))
def test_two_pictures_whose_names_differ_by_case_or_unicode_form_alone_are_refused_and_both_named(name, form, folder):
    other = FORMS[form](name)
    assume(other != name)
    assume(
        folded(other) == folded(name)
    )  # a few letters, as the dotted capital I, have a lower case that is folded otherwise
    paths = [ROOT / f"{folder}{name}.png", ROOT / f"{folder}{other}.jpg"]
    with pytest.raises(InputRejectedError, match="two pictures of one name") as caught:
        SourceTree(ROOT, tuple(paths), frozenset(), ()).refuse_confusable(paths)
    if name.isprintable() and other.isprintable():
        assert all(str(path) in str(caught.value) for path in paths)


@given(drawn=st.lists(names, max_size=8, unique_by=lambda name: unicodedata.normalize("NFKC", name).casefold()))
def test_pictures_whose_names_differ_by_more_are_accepted(drawn):
    paths = [ROOT / f"{name}.png" for name in drawn]
    _, error = tried(InputRejectedError, SourceTree(ROOT, tuple(paths), frozenset(), ()).refuse_confusable, paths)
    assert (error is None) == (len({folded(name) for name in drawn}) == len(drawn))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Shot", "shot"), ("É", "e\u0301"), ("STRASSE", "straße"), ("ΣΑΣ", "σας"), ("ǰ", "J\u030c"), ("ΐ", "ΐ".upper())],
)
def test_names_are_folded_as_unicode_says(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("e", "é"), ("i", "ı"), ("fi", "ﬀ"), ("1", "¹")])
def test_names_that_are_not_one_stay_apart(one, other):
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("export.zip", "is an archive, which is not read. Unpack it, and name the folder that comes out of it."),
        ("shots.TAR", "is an archive, which is not read. Unpack it, and name the folder that comes out of it."),
        ("data.yaml", "is a file. Name the folder that holds the pictures."),
    ],
)
def test_a_file_in_place_of_a_folder_is_called_what_it_is(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(InputRejectedError) as caught:
        SourceTree.of(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {words}"


def test_a_link_out_of_the_source_is_called_a_link(tmp_path):
    scene("a").save(tmp_path / "a.png")
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots/b.png").symlink_to(tmp_path / "a.png")
    tree = SourceTree.of(tmp_path / "shots")
    assert str(tree.confined(tree.pictures[0])) == (
        "b.png: the path 'b.png' is a link that leads out of its folder "
        "(copy the file into its place, or name the folder that it leads to as the source)"
    )


def test_a_date_before_a_name_is_no_hash_that_may_be_left_out(tmp_path):
    scene("other day").save(tmp_path / "20240502_cat.png")
    tree = SourceTree.of(tmp_path)
    with pytest.raises(RejectedItemError, match="is missing"):
        tree.picture_named("20240501_cat.png", beside=tmp_path / "a.json")
    assert tree.picture_named("1a2b3c4d-20240502_cat.png", beside=tmp_path / "a.json").name == "20240502_cat.png"


@pytest.mark.parametrize(
    ("picture", "text"),
    [
        ("images/my shot (0).png", "labels/0a1b2c30-my_shot_0.txt"),
        ("pics/sub/img0.png", "labels/1f2e3d40__sub%5Cimg0.txt"),
        ("images/kc01/frame_0.png", "labels/?d=kc01%5Cframe_0.txt"),
        ("images/shot(0).png", "labels/0a1b2c30-shot0.txt"),
        ("images/0a1b2c30-shot0.png", "labels/shot0.txt"),
    ],
)
def test_a_text_that_label_studio_named_is_that_of_the_only_picture_that_it_may_mean(tmp_path, picture, text):
    folder = (tmp_path / picture).parent
    (folder / "images").mkdir(parents=True)
    for path in (tmp_path / picture, folder / "other.png"):
        scene(path.name).save(path)
    tree = SourceTree.of(tmp_path)
    assert tree.picture_of(tmp_path / text) == tmp_path / picture
    assert tree.has_picture_for(tmp_path / text)
    scene("again").save(folder / "images" / Path(picture).name)
    assert SourceTree.of(tmp_path).picture_of(tmp_path / text) is None


def test_pictures_of_two_uploads_or_of_other_folders_are_not_those_of_a_text(tmp_path):
    for path in ("images/train/0a1b2c30-a.png", "images/val/b(1).png"):
        (tmp_path / path).parent.mkdir(parents=True)
        scene(path).save(tmp_path / path)
    tree = SourceTree.of(tmp_path)
    for text in ("labels/train/0a1b2c31-a.txt", "labels/train/b1.txt"):
        assert tree.picture_of(tmp_path / text) is None


@pytest.mark.parametrize(
    ("paths", "contexts"),
    [
        (["My set.v1/train/images/a.png", "My set.v1/valid/images/b.png"], {"all"}),
        (["zip/My set/test/garden/a.png", "zip/My set/train/house/b.png"], {"garden", "house"}),
        (["garden/images/a.png"], {"garden"}),
        (["ds0/img/a.png", "ds1/img/b.png"], {"ds0", "ds1"}),
        (["garden/a.png", "garden/b.png"], {"garden"}),
        (["VOC2007/JPEGImages/a.png"], {"all"}),
        (["images/default/a.png", "images/Train/b.png", "images/Validation/c.png"], {"all"}),
        (["images/default/garden/a.png", "obj_Train_data/b.png"], {"garden", "all"}),
        (["default/a.png", "night/b.png"], {"default", "night"}),
    ],
)
def test_folders_around_a_whole_data_set_are_no_context(tmp_path, paths, contexts):
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        scene(path).save(tmp_path / path)
    tree = SourceTree.of(tmp_path)
    assert {tree.context_of(path) for path in tree.pictures} == contexts
