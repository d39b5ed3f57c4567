from builders import contents


def test_a_sample_is_drawn_again_with_the_same_bytes_and_never_over_other_screenshots(run, tmp_path):
    first = run("sample", tmp_path / "world", "--scale", "0.01", "--json").json
    assert first["objects"] == 82, "two of each of the 41 labels that the published counts hold"
    drawn = contents(tmp_path / "world")
    assert run("sample", tmp_path / "world", "--scale", "0.01").code == 0
    assert contents(tmp_path / "world") == drawn
    refused = run("sample", tmp_path / "world", "--scale", "0.01", "--seed", "1")
    assert refused.code == 2
    assert "holds other screenshots, which are never overwritten" in refused.err
    assert contents(tmp_path / "world") == drawn


def test_the_demo_goes_all_the_way_to_a_report_and_says_five_things(run, tmp_path):
    outcome = run("demo", tmp_path / "demo", "--scale", "0.01")
    assert outcome.code == 0, outcome.err
    report = tmp_path / "demo" / "runs" / "suit" / "baseline-1" / "report.html"
    assert report.is_file()
    assert f"Report: {report}" in outcome.out.replace("\n", "")
    facts = [line for line in outcome.out.splitlines() if line[:2] in {"1.", "2.", "3.", "4.", "5."}]
    assert len(facts) == 5
    assert "Objects: 82 read = 82 kept + 0 skipped" in outcome.err
