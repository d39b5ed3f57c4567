import shutil

from builders import contents, small_shots, write_voc


def test_a_path_with_blanks_and_umlauts_is_as_good_as_any(run, tmp_path):
    source, root = tmp_path / "Bilder für 'später'", tmp_path / "mein Spiel ü %s"
    write_voc(source, small_shots())
    before = contents(source)
    assert run("init", root, "--from", source).code == 0
    for verb in ("extract", "balance", "split", "runs", "studies"):
        outcome = run(verb, "-w", root, "--json")
        assert outcome.code == 0, outcome.err
        named = outcome.json.get("figures", [])
        assert all(path.startswith(str(root)) for path in named)
    assert run("extract", "-w", root, "--json").json["pictures_unchanged"] == 12
    assert contents(source) == before
    shutil.move(root, tmp_path / "nebenan")
    assert run("extract", "-w", tmp_path / "nebenan", "--json").json["pictures_unchanged"] == 12


def test_an_empty_path_is_refused_and_never_means_the_current_folder(run, tmp_path):
    for typed, name in {
        ("init", tmp_path / "x", "--from", "", "--dry-run"): "--from",
        ("init", ""): "directory",
        ("predict", "label/compact-1", ""): "pictures",
        ("predict", "label/compact-1", "a.png", ""): "pictures",
        ("predict", "--with", "toontown", ""): "pictures",
        ("runs", "--workspace="): "--workspace",
    }.items():
        outcome = run(*typed)
        assert (outcome.code, outcome.err) == (2, f"toonvision: {name} is a path; got an empty text.\n")
    assert not list(tmp_path.iterdir())
