import base64
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from example_fits import split_plot, trial, two_blocks, zero_variance
from report.stored import batch, failed, kept

import vcmodel as vc
from vcmodel.report.flags import flags, state
from vcmodel.report.listing import Listing
from vcmodel.report.overview import batch_page
from vcmodel.report.page import fit_page, stored_page
from vcmodel.report.write import write_batch, write_page


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.found, self.text, self.inside = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def rows():
    return batch()


@pytest.fixture(scope="module")
def trial_page():
    return fit_page(trial())


def images(page):
    return [base64.b64decode(item["src"].split(",", 1)[1]) for item in Page(page).all("img")]


def test_every_part_is_there(trial_page):
    page = Page(trial_page)
    sections = [item["id"] for item in page.all("section") if "id" in item]
    assert sections == ["model", "varcomp", "correlations", "effects", "residuals", "fixed", "convergence"]
    assert {item["href"][1:] for item in page.all("a")} == set(sections)
    for text in ("us(trait):Block + us(trait):Family", "score norm", "\u22121109.847", "110.364", "\u22120.2322", "taken as factors"):
        assert text in page.text
    for row in trial().varcomp.index:
        assert row in page.text


def test_every_picture_is_an_image_with_a_description_in_words(trial_page):
    page = Page(trial_page)
    assert len(page.all("img")) == 13
    for item in page.all("img"):
        assert len(item["alt"]) > 40
    for image in images(trial_page):
        assert ElementTree.fromstring(image).tag == "{http://www.w3.org/2000/svg}svg"
    assert "veloc with bden -0.23 (SE 0.23)" in trial_page
    assert "trait:Block, bden, with 95 % intervals: from -27." in trial_page


def test_nothing_comes_from_outside(trial_page, rows):
    for page in (trial_page, batch_page(Listing.of(rows))):
        found = Page(page)
        for name in ("src", "href"):
            for _, attributes in found.found:
                value = attributes.get(name) or "#"
                assert value.startswith(("data:", "#", "pages/")), value
        assert "http://" not in page
        assert "https://" not in page
        policy = next(item["content"] for item in found.all("meta") if item.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'; img-src data:;")
        assert len(found.all("script")) == len(found.all("style")) == 1


def test_equal_fits_give_equal_pages(rows):
    row = rows[0]
    assert stored_page(row) == stored_page(row)
    assert batch_page(Listing.of(rows)) == batch_page(Listing.of(rows))


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "a\x00b\x1b[31m",
    "$\\frac{x$",
    "\u202egnp.exe",
    "]]></svg><script>alert(1)</script>",
    "x" * 5000,
]


def innocent(page):
    """One script, ours; no handlers; no template was run; nothing a page or an image cannot hold."""
    found = Page(page)
    assert len(found.all("script")) == 1
    assert not [item for _, item in found.found if any(key.startswith("on") for key in item)]
    assert "{{ 7 * 7 }}" in found.text
    assert not set(page) & {"\x00", "\x1b", "\u202e"}
    for image in images(page):
        assert not [item for item in ElementTree.fromstring(image).iter() if item.tag.endswith("script")]


def test_names_of_the_user_are_only_text():
    data = vc.datasets.load("seed_rcbd_bivariate")
    data["Block"] = data["Block"].replace(dict(zip(sorted(data["Block"].unique()), HOSTILE, strict=False)))
    fit = vc.fit("bden + veloc ~ trait + trait:Block", "us(trait):Block + us(trait):Family", "units:us(trait)", data)
    name = "{{ 7 * 7 }}".join(HOSTILE)
    innocent(fit_page(fit, title=name, subtitle=name))
    row = replace(kept(fit, name, model=name, name="safe"), message=name)
    innocent(stored_page(row, back="../index.html"))
    innocent(batch_page(Listing.of([row, row, failed(name, name)]), title=name))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//elsewhere/x", "http://elsewhere", 'a" onclick="x'])
def test_links_stay_inside(address):
    page = Page(fit_page(zero_variance(), back=address))
    link = page.all("a")[0]
    assert set(link) == {"href"}
    assert ":" not in link["href"]
    assert not link["href"].startswith("//")


def test_a_stored_page_shows_what_the_batch_kept(rows, trial_page):
    page = Page(stored_page(kept(trial(), "trial.csv"), back="../index.html"))
    direct = Page(trial_page)
    assert len(page.all("img")) == len(direct.all("img"))
    assert page.all("a")[0]["href"] == "../index.html"
    assert "trial.csv \u00b7 us" in page.text
    for text in ("110.364", "\u22120.2322", "0.4567"[:4]):
        assert text in page.text
    with pytest.raises(ValueError, match=r"broken.csv, us: there is no fit to show: no column 'Famly'"):
        stored_page(rows[-1])


def test_field_pictures_come_with_the_places():
    data = vc.datasets.load("kempton_slatehall")
    fit = vc.fit("yield ~ rep", random="gen", data=data)
    descriptions = [item["alt"] for item in Page(fit_page(fit)).all("img")]
    assert any(text.startswith("Map of the field, residuals in standard deviations, yield: 10 rows by 15 columns") for text in descriptions)
    assert any(text.startswith("Semivariogram of the field, yield in row: ") for text in descriptions)
    assert not any(item["alt"].startswith("Map") for item in Page(stored_page(kept(fit, "a"))).all("img"))


def test_a_univariate_page_has_no_correlations():
    page = Page(fit_page(split_plot()))
    assert "correlations" not in [item.get("id") for item in page.all("section")]
    assert "units (default)" in page.text


def test_a_term_that_says_nothing_is_named_but_not_drawn():
    page = Page(fit_page(zero_variance()))
    assert "Not drawn: g." in page.text
    assert not [item for item in page.all("img") if item["alt"].startswith("Caterpillar")]


def marks(fit):
    return [flag.mark for flag in flags(fit.to_dict())]


def test_flags():
    stopped = vc.fit("yield ~ gen", random="block", data=vc.datasets.load("oats"), control=vc.Control(max_iterations=1))
    assert marks(trial()) == []
    assert marks(zero_variance()) == ["boundary"]
    assert flags(zero_variance().to_dict())[0].reason == "g"
    assert marks(two_blocks()) == ["singular matrix"]
    assert marks(stopped) == ["not converged"]
    assert flags(stopped.to_dict())[0].reason.startswith("the iteration limit was reached")
    record = trial().to_dict()
    record["varcomp"][0]["bound"] = "S"
    record["correlations"][0]["correlation"] = -0.995
    assert [(flag.mark, flag.reason) for flag in flags(record)] == [
        ("no information", "trait:Block!trait_bden:bden"),
        ("correlation near \u00b11", "trait:Block veloc:bden -0.995"),
    ]
    record = trial().to_dict()
    record["status"] = {"name": "residual_boundary", "message": "converged at the boundary of a residual matrix: why"}
    assert flags(record)[0].mark == "residual boundary"
    assert [state(item).text for item in (None, stopped.to_dict(), two_blocks().to_dict(), trial().to_dict())] == [
        "failed",
        "not converged",
        "needs a look",
        "converged",
    ]


def test_the_batch_page_tells_what_happened(rows):
    page = Page(batch_page(Listing.of(rows)))
    text = " ".join(page.text.split())
    assert "fits11 converged7 needs a look2 not converged1 failed1" in text
    assert text.index("broken.csv") < text.index("stopped.csv") < text.index("ril.csv")
    assert text.count("did you mean 'Family'?") == 2
    linked = {item["href"] for item in page.all("a")}
    assert linked == {f"pages/{row.id}.html" for row in rows if row.fit is not None}
    assert [item["alt"][:64] for item in page.all("img")][1] == "Correlations with 95 % intervals by fit: trait:Family, veloc wit"


def test_an_empty_batch_is_a_page():
    page = Page(batch_page(Listing()))
    assert "0" in page.text
    assert not page.all("img")


def test_writing_a_batch(rows, tmp_path):
    few = [rows[0], rows[5], rows[-1]]
    target = write_batch(iter(few), tmp_path / "out", title="Two", pages="flagged")
    assert target == tmp_path / "out" / "index.html"
    assert [path.name for path in (tmp_path / "out" / "pages").iterdir()] == ["ril-csv.html"]
    assert {item["href"] for item in Page(target.read_text()).all("a")} == {"pages/ril-csv.html"}
    write_batch(few, tmp_path / "none", pages="none")
    assert not list((tmp_path / "none" / "pages").iterdir())
    with pytest.raises(vc.VcmodelError, match="report: pages must be one of all, flagged, none, not 'some'"):
        write_batch(few, tmp_path, pages="some")
    (tmp_path / "file").touch()
    with pytest.raises(vc.VcmodelError, match=r"report: the folder .* cannot be made"):
        write_batch(few, tmp_path / "file")


def test_a_page_is_drawn_again_when_what_it_shows_has_changed(rows, tmp_path, monkeypatch):
    few, told = [rows[0], rows[5], rows[-1]], []

    def write(items=few, **options):
        told.clear()
        write_batch(iter(items), tmp_path, told=lambda row, drawn: told.append(drawn), **options)
        return told.copy()

    assert write() == [True, True, False]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.html")}
    # nothing is drawn, nor is what draws looked for
    with monkeypatch.context() as patch:
        patch.delattr("vcmodel.report.page.stored_page")
        patch.delattr("vcmodel.report.overview.batch_page")
        assert write() == [False, False, False]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.html")} == before
    changed = replace(rows[0], fit={**rows[0].fit, "loglik": 1.0})
    assert write([changed, *few[1:]]) == [True, False, False]
    assert "1.000" in (tmp_path / "index.html").read_text(encoding="utf-8")
    (tmp_path / "pages" / f"{rows[5].id}.html").unlink()
    assert write([changed, *few[1:]]) == [False, True, False]
    (tmp_path / "pages" / f"{rows[5].id}.html").write_text("<html>")
    assert write([changed, *few[1:]]) == [False, True, False]
    monkeypatch.setattr("vcmodel.report.stamp._drawer", lambda: "another version")
    assert write([changed, *few[1:]]) == [True, True, False]
    # another choice of pages changes the links of the index
    assert write([changed, *few[1:]], pages="none") == [False, False, False]
    assert not Page((tmp_path / "index.html").read_text(encoding="utf-8")).all("a")


def test_report_writes_one_file(tmp_path):
    path = zero_variance().report(tmp_path / "a.html", title="Nothing between groups")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [item.name for item in tmp_path.iterdir()] == ["a.html"]
    with pytest.raises(vc.VcmodelError, match=r"report: '.*nowhere/a.html' cannot be written: No such file"):
        zero_variance().report(tmp_path / "nowhere" / "a.html")


def test_a_page_with_half_a_character_is_written(tmp_path):
    assert write_page(tmp_path / "a.html", "\ud800").read_bytes() == b"&#55296;"
