from vcmodel.results.csv_text import guarded, unguarded

CELLS = ["=1+1", "+a", "-x", "@sum", "\tx", "\rx", "'=1", "''=1", "plain", "-1.5", "+2e-3", "'quoted", "", "a=b", "-", "+/+"]


def test_cells_are_guarded_and_can_be_taken_back():
    for text in CELLS:
        cell = guarded(text)
        assert unguarded(cell) == text
        assert cell == text or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert [guarded(text) == text for text in CELLS[-8:]] == [True, True, True, True, True, True, False, False]
