from importlib.metadata import version

from toonvision.core.installed import outdated_libraries


def test_what_is_installed_here_is_new_enough():
    versions, findings = outdated_libraries()
    assert versions["pillow"] == version("pillow")
    assert findings == []


def test_a_library_that_is_too_old_is_named_with_both_versions():
    versions, (finding,) = outdated_libraries(["pillow>=999", "numpy>=1", "keras>=3; extra == 'train'"])
    assert set(versions) == {"pillow", "numpy", "keras"}
    assert (finding.item, finding.code) == ("pillow", "old-library")
    assert version("pillow") in finding.reason
    assert ">=999" in finding.reason


def test_what_is_not_installed_or_not_for_the_commands_is_left_out():
    names = ["no-such-library>=1", "pytest>=999; extra == 'dev'", "numpy>=999; sys_platform == 'plan9'"]
    assert outdated_libraries(names) == ({}, [])
