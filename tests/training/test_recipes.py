import dataclasses
import re

import pytest

from toonvision.core.errors import UsageError
from toonvision.core.options import settings_of
from toonvision.models import starting
from toonvision.models.registry import NETWORKS, input_size
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.training.recipes import changed, settings_for


@pytest.mark.parametrize("name", [*NETWORKS, "4c3-p2"])
def test_every_network_has_a_recipe_that_names_it(name):
    assert settings_for(name).network == name


@pytest.mark.parametrize("name", ["baseline", "tuned", "binary"])
def test_the_published_networks_are_trained_as_published(name):
    assert settings_for(name) == dataclasses.replace(TrainingSettings(), network=name)


def test_compact_takes_twice_the_steps_for_many_classes_and_the_published_networks_as_many_epochs():
    few, many = settings_for("compact", classes=8, images=960), settings_for("compact", classes=9, images=960)
    assert (few.epochs, many.epochs) == (133, 267)  # 4,000 and 8,000 steps of 32 images
    assert dataclasses.replace(many, epochs=133) == few
    assert settings_for("tuned", classes=32, images=960) == settings_for("tuned")


@pytest.mark.parametrize(("images", "epochs"), [(1, 400), (100, 400), (614, 200), (1280, 100), (100_000, 60)])
def test_the_more_images_the_fewer_epochs_within_bounds(images, epochs):
    assert settings_for("compact", classes=4, images=images).epochs == epochs


def test_a_wish_changes_what_it_names_and_keeps_the_rest():
    recipe = settings_for("compact")
    wished = changed(recipe, epochs=3, zoom=0.0, batch_size=None)
    assert wished == dataclasses.replace(
        recipe, epochs=3, augmentation=dataclasses.replace(recipe.augmentation, zoom=0)
    )
    assert changed(recipe) == recipe


@pytest.mark.parametrize("name", ["compact", "detector", "segmenter"])
def test_what_a_recipe_changes_of_images_can_be_given_too(name):
    recipe = settings_for(name)
    own = {field: value for field, value in vars(recipe.augmentation).items() if value}
    assert changed(recipe, **own) == recipe


def test_a_constant_learning_rate_has_no_average_unless_that_is_wished_too_which_is_refused():
    assert changed(settings_for("compact"), schedule="constant").averaging == 0
    with pytest.raises(UsageError, match="Add --schedule cosine too"):
        changed(settings_for("compact"), schedule="constant", averaging=0.9)


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        ((600, 200), (96, 32)),
        ((96, 104), (56, 56)),
        ((48, 48), (48, 48)),
        ((2000, 16), (616, 16)),
        ((32, 32), (32, 32)),
    ],
)
def test_the_input_of_compact_keeps_the_shape_and_about_its_own_number_of_pixels(of, wanted):
    assert input_size("compact", of) == wanted


@pytest.mark.parametrize("name", ["baseline", "tuned", "4c3-p2"])
def test_other_networks_take_the_size_of_the_workspace(name):
    assert input_size(name, (600, 200)) == (600, 200)


def test_every_field_of_the_settings_but_the_network_is_described_within_its_own_bounds():
    described = {**settings_of(TrainingSettings), **settings_of(Augmentation)}
    fields = {field.name for kind in (TrainingSettings, Augmentation) for field in dataclasses.fields(kind)}
    assert described.keys() == fields - {"network", "augmentation"}
    for setting in described.values():
        if setting.kind in {int, float}:
            setting.check(setting.default)


@pytest.mark.parametrize(("network", "images"), [("compact", 0), ("segmenter", -1), ("baseline", 0.5)])
def test_a_recipe_for_no_image_is_refused_in_one_line(network, images):
    with pytest.raises(UsageError, match=f"images is a whole number, 1 or more; got {images}"):
        settings_for(network, images=images)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"epochs": 0}, "--epochs is at least 1; got 0."),
        ({"rotation_degrees": 181.0}, "--rotation is at least 0 and at most 180; got 181."),
        ({"epoch": 3}, "got 'epoch'. Did you mean epochs?"),
    ],
)
def test_a_wish_that_no_setting_allows_is_refused_in_one_line(wish, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        changed(settings_for("compact"), **wish)


@pytest.mark.parametrize(("images", "share"), [(1, 1 / 400), (20, 0.05), (115, 115 / 400), (400, 1), (5_000, 1)])
def test_what_begins_with_weights_learns_the_slower_the_fewer_images_there_are(images, share):
    fresh = settings_for("compact", images=images)
    begun = settings_for("compact", images=images, taxonomy="toontown")
    assert (fresh.start, begun.start) == ("none", "toontown")
    assert begun.learning_rate == pytest.approx(share * fresh.learning_rate)
    assert begun.epochs == fresh.epochs
    assert changed(begun, start="none").learning_rate == fresh.learning_rate
    assert changed(begun, start="none", learning_rate=0.5).learning_rate == 0.5
    assert changed(begun, start="toontown", epochs=3).learning_rate == begun.learning_rate


@pytest.mark.parametrize("network", ["detector", "detector+pixels", "segmenter"])
def test_a_network_for_screenshots_takes_half_of_the_steps_where_it_begins_with_weights(network):
    begun = settings_for(network, images=257, taxonomy="toontown")
    fresh = settings_for(network, images=257)
    assert (begun.start, begun.epochs, fresh.epochs) == ("toontown", 91, 182)  # 3,000 and 6,000 steps of 8
    assert changed(begun, start="none") == fresh
    assert changed(begun, start="none", epochs=5).epochs == 5


def test_a_network_begins_with_weights_where_such_come_with_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(starting, "FOLDER", tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "compact-narrow-suit.npz").touch()
    assert settings_for("compact", taxonomy="mine").start == "mine"
    assert {settings_for(*one).start for one in (("compact",), ("tuned",), ("detector",))} == {"none"}
    assert settings_for("tuned", taxonomy="mine").start == settings_for("compact", taxonomy="other").start == "none"
    with pytest.raises(UsageError, match=r"no weights .* for tuned\. Leave out --from mine"):
        changed(settings_for("tuned"), start="mine")
    assert changed(settings_for("compact", taxonomy="mine"), start="none").start == "none"
