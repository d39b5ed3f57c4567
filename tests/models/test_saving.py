import json
import os
import pickle
import zipfile

import keras
import numpy as np
import pytest

from builders import CLASSIFIERS
from models.hostile import HOSTILE, pickled, with_lambda_layer
from toonvision.core.errors import InputRejectedError, ModelRefusedError
from toonvision.models.registry import build_network
from toonvision.models.saving import (
    MEANING,
    WEIGHTS,
    ModelCard,
    load_model,
    read_card,
    require_sound_weights,
    save_model,
)
from toonvision.taxonomy.loader import built_in

SIZE = (64, 48)


def card(network="baseline", classes=("a", "b", "c")):
    return ModelCard(
        network=network,
        task="label",
        level="label",
        classes=classes,
        size_hw=SIZE,
        resize="stretch",
        taxonomy="0123456789abcdef",
        seed=0,
        parameters=1,
        versions={"keras": keras.__version__},
    )


@pytest.fixture
def saved(tmp_path):
    save_model(build_network("baseline", size_hw=SIZE, classes=3), card(), tmp_path)
    return tmp_path


@pytest.mark.parametrize("network", CLASSIFIERS)
@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c")])
def test_a_model_saved_and_loaded_predicts_the_same(tmp_path, network, classes):
    keras.utils.set_random_seed(3)
    model = build_network(network, size_hw=SIZE, classes=len(classes))
    save_model(model, card(network, classes), tmp_path)
    pictures = np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3), dtype=np.uint8)
    loaded = load_model(str(tmp_path))
    np.testing.assert_array_equal(model.predict_on_batch(pictures), loaded.predict_on_batch(pictures))
    assert read_card(tmp_path) == card(network, classes)


def test_a_folder_without_a_model_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(InputRejectedError, match="holds no trained model. See: toonvision runs"):
        load_model(tmp_path)


def test_a_card_naming_an_unknown_network_is_refused(saved):
    content = json.loads((saved / MEANING).read_text())
    (saved / MEANING).write_text(json.dumps({**content, "network": "os.system"}))
    with pytest.raises(ModelRefusedError, match="a model is one of compact, .*, or .*; got 'os.system'"):
        load_model(saved)


def describe_otherwise(folder, **changes):
    content = json.loads((folder / MEANING).read_text())
    (folder / MEANING).write_text(json.dumps({**content, **changes}))


@pytest.mark.parametrize("change", [{"classes": 5}, {"size_hw": [1]}, {"resize": "crop"}])
def test_a_card_that_cannot_be_understood_is_refused(saved, change):
    describe_otherwise(saved, **change)
    with pytest.raises(ModelRefusedError, match=f"not a description of a model \\({next(iter(change))}"):
        read_card(saved)


def test_a_model_of_another_version_is_refused_naming_both(saved):
    describe_otherwise(saved, format=1)
    with pytest.raises(ModelRefusedError, match=r"not a description of a model \(format: Input should be 2; got 1\)"):
        load_model(saved)


@pytest.mark.parametrize(
    ("changes", "described"),
    [
        ({"size_hw": [96, 48]}, "baseline for 96x48 pixels and 3 classes"),
        ({"classes": list("abcd")}, "baseline for 64x48 pixels and 4 classes"),
        ({"network": "tuned"}, "tuned for 64x48 pixels and 3 classes"),
    ],
    ids=["size", "classes", "network"],
)
def test_a_model_of_another_size_than_described_is_refused_naming_what_was_described(saved, changes, described):
    describe_otherwise(saved, **changes)
    with pytest.raises(ModelRefusedError, match=f"cannot be loaded into {described}, which {MEANING} describes"):
        load_model(saved)


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_file_in_place_of_the_weights_is_refused_and_nothing_in_it_is_run(saved, tmp_path, make):
    canary = tmp_path / "canary"
    (saved / WEIGHTS).write_bytes(make(canary))
    with pytest.raises(ModelRefusedError, match="its weights cannot be loaded") as caught:
        load_model(saved)
    assert str(saved / WEIGHTS) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not canary.exists()


def test_hostile_files_do_harm_where_they_are_trusted(tmp_path):
    canary = tmp_path / "canary"
    pickle.loads(pickled(canary)).close()
    assert canary.exists()
    for suffix in (".keras", ".h5"):
        with_lambda_layer(canary, suffix)
        assert not canary.exists()
        keras.saving.load_model(canary.with_suffix(suffix), safe_mode=False)
        assert canary.exists()


def test_a_crafted_config_in_the_archive_is_not_looked_at(saved, tmp_path):
    crafted = tmp_path / "crafted.keras"
    with zipfile.ZipFile(saved / WEIGHTS) as archive, zipfile.ZipFile(crafted, "w") as out:
        for name in archive.namelist():
            content = archive.read(name)
            out.writestr(name, b'{"class_name": "Lambda", "config": {}}' if name == "config.json" else content)
    before = load_model(saved).get_weights()
    crafted.replace(saved / WEIGHTS)
    for old, new in zip(before, load_model(saved).get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_weights_of_another_network_are_refused(saved):
    save_model(build_network("tuned", size_hw=SIZE, classes=3), card("tuned"), saved / "other")
    (saved / "other" / WEIGHTS).replace(saved / WEIGHTS)
    with pytest.raises(ModelRefusedError, match="its weights cannot be loaded"):
        load_model(saved)


def test_a_truncated_weights_file_is_refused(saved):
    content = (saved / WEIGHTS).read_bytes()
    (saved / WEIGHTS).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelRefusedError, match="its weights cannot be loaded"):
        load_model(saved)


@pytest.mark.parametrize("name", [WEIGHTS, MEANING])
def test_a_pipe_in_place_of_a_file_of_a_model_is_refused_without_waiting(saved, name):
    (saved / name).unlink()
    os.mkfifo(saved / name)
    for use in (load_model, lambda folder: (read_card(folder), require_sound_weights(folder))):
        with pytest.raises(ModelRefusedError, match=f"{name}: is no regular file. Train again"):
            use(saved)


def packed_by_lzma_and_damaged(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("model.weights.h5", bytes(range(256)) * 40)
    content = bytearray(path.read_bytes())
    start = 30 + len("model.weights.h5") + 12
    content[start : start + 18] = b"\xff" * 18
    path.write_bytes(content)


def with_a_name_that_is_no_text(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("modelé.weights.h5", b"x")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xff"))


@pytest.mark.parametrize("write", [packed_by_lzma_and_damaged, with_a_name_that_is_no_text])
def test_an_archive_that_cannot_be_unpacked_is_damaged_whatever_unpacking_it_raises(saved, write):
    write(saved / WEIGHTS)
    with pytest.raises(ModelRefusedError, match=r"model\.keras: is damaged \(.+\)\. Train again\."):
        require_sound_weights(saved)


def test_a_model_of_another_taxonomy_is_refused_naming_both(saved):
    own = built_in("toontown")
    said = f"trained with taxonomy 0123456789abcdef, this workspace has {own.digest}"
    with pytest.raises(ModelRefusedError, match=said):
        read_card(saved, taxonomy=own)
    describe_otherwise(saved, taxonomy=own.digest)
    assert read_card(saved, taxonomy=own).taxonomy == own.digest
