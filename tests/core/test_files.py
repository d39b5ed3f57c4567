import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import files_property, tried
from toonvision.core.errors import RejectedItemError
from toonvision.core.files import followed_inside, path_inside, replacing, write_bytes, write_many, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_old_file_stays_when_the_block_raises(tmp_path):
    path = tmp_path / "a.json"
    write_bytes(path, b"old")

    def interrupted():
        with replacing(path) as temporary:
            temporary.write_bytes(b"half of the n")
            assert path.read_bytes() == b"old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.json"]


def test_a_block_that_writes_nothing_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_bytes(path, b"old")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.json"]


def test_a_replacement_is_complete_and_leaves_no_temporary_file(tmp_path):
    path = tmp_path / "new folder" / "größe.txt"
    write_text(path, "eins\n")
    write_text(path, "zwei ü\n")
    assert path.read_bytes() == "zwei ü\n".encode()
    assert names(path.parent) == ["größe.txt"]


def test_the_temporary_name_lies_beside_the_file_and_keeps_its_suffix(tmp_path):
    with replacing(tmp_path / "model.keras") as temporary:
        temporary.write_bytes(b"x")
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".keras"


def test_many_files_are_written_whole_and_nothing_else_is_left(tmp_path):
    contents = {f"{index}.png": bytes([index]) * 1000 for index in range(40)}
    (tmp_path / "3.png").write_bytes(b"old")
    with ThreadPoolExecutor(4) as pool:
        write_many(tmp_path, contents, pool)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_a_fault_in_one_of_many_files_is_raised(tmp_path):
    (tmp_path / "b").mkdir()
    with ThreadPoolExecutor(2) as pool, pytest.raises(OSError, match="b"):
        write_many(tmp_path, {"a": b"1", "b": b"2"}, pool)
    assert (tmp_path / "a").read_bytes() == b"1"


HOSTILE = ("../x.png", "a/../../x.png", "/etc/passwd", "..", "..\\x.png", "a\\..\\..\\x", "\\\\server\\share", "//h/s")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_out_or_is_absolute_is_refused(tmp_path, name):
    with pytest.raises(RejectedItemError, match="leads out of its folder") as caught:
        path_inside(tmp_path / "root", name)
    assert caught.value.code == "path-escapes"
    assert repr(name) in caught.value.reason


@pytest.mark.parametrize("name", ["a\0b.png", "\udcff.png"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(RejectedItemError) as caught:
        path_inside(tmp_path, name)
    assert caught.value.code == "bad-path"


def test_a_link_out_of_the_root_is_refused_and_one_within_it_is_followed(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "real").mkdir(parents=True)
    outside.mkdir()
    (root / "inner").symlink_to("real")
    (root / "outer").symlink_to("../outside")
    assert path_inside(root, "inner/a.png") == root.resolve() / "real" / "a.png"
    with pytest.raises(RejectedItemError, match="is a link that leads out of its folder"):
        path_inside(root, "outer/a.png")
    with pytest.raises(RejectedItemError, match="leads out"):
        followed_inside(root, root / "outer" / "a.png", name="outer/a.png")


def test_a_link_to_itself_is_refused(tmp_path):
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(RejectedItemError, match="leads nowhere"):
        path_inside(tmp_path, "loop.png")


def test_a_root_that_is_itself_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert path_inside(tmp_path / "link", "a.png") == (tmp_path / "real" / "a.png").resolve()


segments = st.lists(
    st.one_of(st.sampled_from(["..", ".", "a", "b c", "ü", "/", "\\", "link", "~", "C:"]), st.text(max_size=8)),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def rooted(tmp_path_factory):
    base = tmp_path_factory.mktemp("paths")
    (base / "root" / "a").mkdir(parents=True)
    (base / "outside").mkdir()
    (base / "root" / "link").symlink_to(base / "outside")
    return base / "root"


@given(parts=segments, separator=st.sampled_from(["/", "\\"]))
def test_whatever_the_name_the_path_is_below_the_root_or_refused(rooted, parts, separator):
    path, error = tried(RejectedItemError, path_inside, rooted, separator.join(parts))
    if error:
        assert error.code in {"path-escapes", "bad-path"}
    else:
        root = os.path.realpath(rooted)
        assert os.path.commonpath([os.path.realpath(path), root]) == root


@files_property
@given(content=st.binary(max_size=2000), old=st.none() | st.binary(max_size=20))
def test_what_is_written_is_what_is_read(tmp_path, content, old):
    path = tmp_path / "file.bin"
    path.unlink(missing_ok=True)
    if old is not None:
        path.write_bytes(old)
    write_bytes(path, content)
    assert path.read_bytes() == content
    assert names(tmp_path) == ["file.bin"]
