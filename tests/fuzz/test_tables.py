"""Tables of known values, written in random dialects with random troubles, are read back equal or refused: never anything else.

Long on demand, see budget.py; ``python tests/fuzz/test_tables.py SEED NUMBER`` shows one case.
"""

import csv
import gzip
import io
import sys

import numpy as np
import pandas as pd
import pytest
from fuzz.budget import draws

import vcmodel as vc
from vcmodel.design.levels import factor_of
from vcmodel.tables import rows

BLANKS = ("", "", "", "NA", ".", "*", "NaN")


class Case:
    """A table as values and as the bytes of a file, with what was done to it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.done: list[str] = []
        self.n = int(rng.integers(2, 40))
        self.columns: dict[str, list[object]] = {}
        self.written: dict[str, list[str]] = {}
        self.separator = str(rng.choice([",", ";", "\t", "|", " "], p=[0.4, 0.25, 0.15, 0.1, 0.1]))
        self.decimal = "," if rng.random() < {";": 0.6, "\t": 0.3}.get(self.separator, 0.15) else "."
        self.thousands = str(rng.choice(["", "", "", "", "", {".": ",", ",": "."}[self.decimal], " ", "'", "\u202f"]))
        for number in range(int(rng.integers(1, 6))):
            name = str(rng.choice(["gen", "yield", "Plot height", "y", "x.1", "Größe", "n"])) + str(number)
            kind = rng.choice([self.codes, self.measured, self.measured, self.names, self.names, self.large, self.truth])
            values, written = kind()
            self.columns[name], self.written[name] = values, written
        self.done.append(f"separator {self.separator!r} decimal {self.decimal!r} thousands {self.thousands!r}")

    def some(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    # --- columns: values and how they are written

    def codes(self):
        values = self.rng.integers(1, 6, self.n).tolist()
        point = f"{self.decimal}0" if self.some(0.1) else ""
        return self.with_gaps(values, [f"{v}{point}" for v in values])

    def measured(self):
        digits = int(self.rng.integers(0, 5))
        values = np.round(self.rng.normal(float(self.rng.choice([0, 5, 50, 900])), 3.0, self.n), digits)
        form = self.rng.choice(["fixed", "short", "digits", "scientific"], p=[0.5, 0.35, 0.1, 0.05])
        if form == "digits":
            values = np.array([float(f"{v:.3g}") for v in values])
        write = {"fixed": lambda v: f"{v:.{digits}f}", "short": lambda v: f"{v:.15g}", "digits": lambda v: f"{v:#.3g}", "scientific": repr}
        if form == "scientific":
            values = values * 1e-9
        return self.with_gaps(values.tolist(), [write[form](v).replace(".", self.decimal) for v in values.tolist()])

    def large(self):
        values = np.round(self.rng.normal(2000, float(self.rng.choice([100, 2000])), self.n), int(self.rng.choice([0, 0, 2])))
        form = ",.0f" if np.all(values == np.round(values)) else ",.2f"
        swap = str.maketrans({",": self.thousands, ".": self.decimal})
        return self.with_gaps(values.tolist(), [format(v, form).translate(swap) for v in values.tolist()])

    def truth(self):
        values = (self.rng.random(self.n) < 0.5).tolist()
        return self.with_gaps(values, [str(v).upper() for v in values])

    def names(self):
        k = int(self.rng.integers(2, 25))
        shapes = [
            [f"G{i:02d}" for i in range(k)],
            [f"{i // 12 + 1}.{i % 12 + 1}" for i in range(k)],
            [f"{i + 1}E{j}" for i in range(k) for j in (1, 2)],
            [f"{i:03d}" for i in range(k)],
            [str(12345678901234560 + i) for i in range(k)],
            [f"G {i}" for i in range(k)],
            [f"a{self.separator}{i}" for i in range(k)],
            [f'say "{i}"' for i in range(k)],
            [f"#{i}" for i in range(k)],
            [f"Ñandú {i}" for i in range(k)],
            [f"1_{i}" for i in range(k)],
            [f"0x{i:X}" for i in range(k)],
            ["inf", "nan1", "1e999", "-", "x"],
            [f"line\n{i}" for i in range(k)],
            ["Mean", "Total", "x1", "x2", "Source: y"],
        ]
        levels = shapes[int(self.rng.integers(len(shapes)))]
        values = [levels[i] for i in self.rng.integers(0, len(levels), self.n)]
        if self.some(0.15):
            # different in every row, as names of plots are
            values = [f"{v}{self.rng.choice(['', 'a'])}{i}" for i, v in enumerate(values)]
        return self.with_gaps(values, values)

    def with_gaps(self, values, written):
        if not self.some(0.3):
            return list(values), list(written)
        code = str(self.rng.choice([*BLANKS, "-"])) if isinstance(values[0], float) else str(self.rng.choice(BLANKS))
        gone = self.rng.random(self.n) < 0.2
        return [None if g else v for v, g in zip(values, gone, strict=True)], [code if g else w for w, g in zip(written, gone, strict=True)]

    # --- the file

    def content(self) -> bytes:
        """The bytes of the file."""
        body = [list(row) for row in zip(*self.written.values(), strict=True)]
        header = list(self.written)
        if len(header) > 1 and self.some(0.1):
            units = [str(self.rng.choice(["kg/ha", "cm", "t"])) if isinstance(v[0], float) else "" for v in self.columns.values()]
            body.insert(0, units if self.some(0.8) else [unit or "-" for unit in units])
            self.done.append(f"units {units}")
        row_names = self.some(0.12) and not (self.separator == " " and len(header) == 1)
        if row_names:
            names = [str(i + 1) for i in range(len(body))] if self.some(0.5) else [f"r{i}" for i in range(len(body))]
            body = [[name, *row] for name, row in zip(names, body, strict=True)]
            self.done.append("row names")
        quoting = int(self.rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE]))
        text = self.table(header, body, quoting)
        lines = text.split("\n")
        width = len(body[0])
        one_line = not any("\n" in field for row in body for field in row)
        if one_line and self.some(0.08):
            lines = [lines[0], *(line + self.separator if line else line for line in lines[1:])]
            self.done.append("separators at the end of rows")
        elif one_line and self.some(0.05):
            lines = [line + self.separator * 2 if line else line for line in lines]
            self.done.append("separators at the end of lines")
        if one_line and self.some(0.1):
            place = int(self.rng.integers(0, len(lines)))
            lines.insert(place, str(self.rng.choice(["# a comment", "# one, two; three", "#"])))
            self.done.append(f"comment at {place}")
        plain = sum(isinstance(v[0], int | float) for v in self.columns.values()) > 0 and width > 1
        if plain and self.some(0.1):
            title = ["Trial: X", "Location, Y; 2020", ""][: int(self.rng.integers(1, 4))]
            pad = self.separator * (width - 1) if self.some(0.3) else ""
            lines = [*(item + pad for item in title), *lines]
            self.done.append("titles")
        if plain and self.some(0.1):
            note = str(self.rng.choice(["Source: station", "* a, note", "Mean", "total: 5"]))
            pad = self.separator * (width - 1) if self.some(0.3) else ""
            lines = [*lines, *([""] if self.some(0.5) else []), note + pad]
            self.done.append(f"footer {note!r}")
        if plain and one_line and self.some(0.05):
            lines.insert(int(self.rng.integers(1, len(lines) + 1)), lines[0])
            self.done.append("a line repeated")
        if self.some(0.03):
            lines = [f"sep={self.separator}", *lines]
        end = str(self.rng.choice(["\n", "\r\n", "\r"], p=[0.7, 0.25, 0.05]))
        encoding = str(self.rng.choice(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"], p=[0.6, 0.15, 0.1, 0.1, 0.05]))
        try:
            content = end.join(lines).encode(encoding)
        except UnicodeEncodeError:
            content = end.join(lines).encode("utf-8")
        self.done.append(f"quoting {quoting} {encoding} {end!r}")
        return gzip.compress(content) if self.some(0.05) else content

    def table(self, header, body, quoting):
        out = io.StringIO()
        if quoting == csv.QUOTE_NONE and not (self.separator == " " and any(" " in field for row in [header, *body] for field in row)):
            # nothing is quoted, be it needed or not: an unquoted decimal comma, a name with a separator
            return "\n".join(self.separator.join(row) for row in [header, *body]) + "\n"
        writer = csv.writer(out, delimiter=self.separator, quoting=quoting % csv.QUOTE_NONE, lineterminator="\n")
        writer.writerows([header, *body])
        return out.getvalue()

    def __str__(self) -> str:
        return "\n".join([*self.done, str({name: values[:8] for name, values in self.columns.items()})])


def difference(case: Case, reading) -> str:
    """What was read otherwise than it was meant."""
    table = reading.table
    names = [" ".join(name.split()) for name in case.columns]
    if not set(names) & set(table.columns):
        # whatever a model needs is refused as not there
        return ""
    found = [name for name in table.columns if not name.startswith("Unnamed: ") or name in names]
    gone = {name for name, values in zip(names, case.columns.values(), strict=True) if all(v is None for v in values)}
    if found != names and [name for name in found if name not in gone] != [name for name in names if name not in gone]:
        return f"columns {list(table.columns)}"
    numeric = [name for name, v in zip(names, case.columns.values(), strict=True) if any(isinstance(x, int | float) for x in v)]
    if len(table) != case.n:
        # a line too many is of no consequence where it has no number, or keeps every column of numbers from being one
        usable = [name for name in numeric if pd.api.types.is_numeric_dtype(table[name].dtype)]
        if not usable:
            return ""
        kept = table[usable].notna().any(axis=1).to_numpy()
        table = table[kept].reset_index(drop=True)
        rest = [i for i in range(case.n) if any(v[i] is not None for n, v in zip(names, case.columns.values(), strict=True) if n in usable)]
    else:
        kept, rest = np.ones(case.n, dtype=bool), list(range(case.n))
    if len(table) != len(rest):
        return f"{len(table)} rows for {len(rest)}"
    for name, values in zip(names, case.columns.values(), strict=True):
        if name in gone:
            continue
        column = reading.column(name)
        series, values = table[name], [values[i] for i in rest]
        if any(isinstance(v, str) for v in values):
            factor = factor_of(series)
            back = [None if code < 0 else factor.labels[code] for code in factor.codes.tolist()]
            # whole numbers are labelled without a fraction; blanks at the ends do not count
            wanted = [None if v is None else v.strip() for v in values]
            if pd.api.types.is_float_dtype(series.dtype):
                # with as many decimals everywhere they are numbers, whose last zeros no label shows
                back, wanted = ([None if v is None else float(v) for v in labels] for labels in (back, wanted))
            if back != wanted:
                return f"{name}: {back[:9]} for {wanted[:9]}"
        elif all(isinstance(v, bool) for v in values if v is not None):
            # a footer in the column makes it text
            if not (pd.api.types.is_bool_dtype(series.dtype) or column.kind == "empty" or len(reading.table) > case.n):
                return f"{name}: {series.dtype} for true/false"
        else:
            if not pd.api.types.is_numeric_dtype(series.dtype):
                if column.reason:
                    continue
                if column.numbers is None:
                    return f"{name}: text without a reason, {series.tolist()[:9]}"
                series = pd.Series(column.numbers[kept])
            wanted = np.array([np.nan if v is None else float(v) for v in values])
            found = series.to_numpy(dtype=float, na_value=np.nan)
            if any(np.allclose(found * scale, wanted, rtol=1e-12, atol=0.0, equal_nan=True) for scale in (1000.0, 0.001)):
                # three digits behind every mark: nobody can tell decimals from thousands, and nothing is read by halves
                continue
            if not np.array_equal(found, wanted, equal_nan=True):
                return f"{name}: {series.tolist()[:9]} for {wanted.tolist()[:9]}"
    return ""


def check(key, rng, path):
    case = Case(rng)
    content = case.content()
    path.write_bytes(content)
    try:
        reading = vc.read(path)
        assert all(isinstance(note, str) for note in reading.notes(reading.table.columns))
    except vc.VcmodelError:
        return False
    wrong = difference(case, reading)
    assert not wrong, f"case {key}: {wrong}\n{case}\n{content[:600]!r}"
    return True


@pytest.mark.parametrize("small", [rows.SMALL, 0], ids=["records", "long text"])
def test_tables_are_read_back_or_refused(tmp_path, monkeypatch, small):
    monkeypatch.setattr("vcmodel.tables.rows.SMALL", small)
    read = [check(key, rng, tmp_path / "table.csv") for key, rng in draws()]
    # a reader that refuses everything is of no use
    assert sum(read) > 0.6 * len(read)


if __name__ == "__main__":
    shown = Case(np.random.default_rng((int(sys.argv[1]), int(sys.argv[2]))))
    print(shown.content().decode("utf-8", "replace"), shown, sep="\n---\n")
