import pandas as pd

from vcmodel.report.table import WIDTH, shortened, table, wrapped


def test_long_labels_are_cut_so_that_the_line_fits():
    frame = pd.DataFrame({"value": [1.5], "code": ["P"]}, index=["trait:" + "x" * 200 + "!trait_last"])
    lines = table(frame, {"value": ".4f"}).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[1].startswith("trait:x")
    assert "!trait_last" in lines[1]
    assert lines[1].endswith("1.5000     P")


def test_missing_numbers_are_empty_and_rows_are_limited():
    frame = pd.DataFrame({"value": [float("nan"), 2.0, 3.0]}, index=["a", "b", "c"])
    assert table(frame, {"value": ".3g"}, most=2).splitlines() == ["   value", "a", "b      2", "… 1 more"]


def test_paragraphs_are_wrapped_with_their_indents():
    text = wrapped("word " * 60, "- ", "  ")
    lines = text.splitlines()
    assert lines[0].startswith("- word")
    assert all(line.startswith("  word") for line in lines[1:])
    assert max(map(len, lines)) <= WIDTH
    assert text.count("word") == 60


def test_shortening_keeps_both_ends():
    assert shortened("abcdefghij", 10) == "abcdefghij"
    assert shortened("abcdefghijk", 5) == "ab…jk"
