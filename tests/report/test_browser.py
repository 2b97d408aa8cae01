"""The pages in a real browser: headless Chromium."""

import pytest
from example_fits import trial
from report.browser import chromium, missing, show
from report.stored import batch, failed

import vcmodel as vc
from vcmodel.report.write import write_batch

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"needs a browser: {missing()}")

ATTACK = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"


@pytest.fixture(scope="module")
def driver():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A batch, the page of a fit, and one of a fit whose names attack."""
    out = tmp_path_factory.mktemp("pages")
    write_batch([*batch(), failed(ATTACK, ATTACK)], out, title="Eleven trials", pages="flagged")
    trial().report(out / "trial.html")
    data = vc.datasets.load("seed_rcbd_bivariate")
    data["Block"] = data["Block"].replace("B01", ATTACK)
    vc.fit("bden + veloc ~ trait + trait:Block", "us(trait):Family", "units:us(trait)", data).report(out / "attack.html", title=ATTACK)
    return out


@pytest.mark.parametrize("name", ["index", "trial", "attack", "pages/ril-csv"])
@pytest.mark.parametrize(("width", "mobile"), [(1200, False), (390, True)])
def test_pages_open_without_a_word_on_the_console(driver, folder, name, width, mobile):
    driver.get_log("browser")
    show(driver, folder / f"{name}.html", width, mobile)
    assert driver.get_log("browser") == []
    assert driver.execute_script("return document.querySelectorAll('script').length") == 1
    assert driver.title != "run"
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the screen"
    broken = driver.execute_script(
        "return Array.from(document.images).filter(i => !(i.complete && i.naturalWidth > 100 && i.alt.length > 30)).length"
    )
    assert broken == 0
    assert driver.execute_script("return document.images.length") > 2


def column(driver, table, place):
    script = (
        "return Array.from(document.querySelectorAll(arguments[0] + ' tbody tr')).map(row => row.cells[arguments[1]].textContent.trim())"
    )
    return driver.execute_script(script, table, place)


def click_head(driver, table, place):
    driver.execute_script(
        "document.querySelector(arguments[0]).tHead.rows[0].cells[arguments[1]].querySelector('button').click()", table, place
    )
    return driver.execute_script(
        "return document.querySelector(arguments[0]).tHead.rows[0].cells[arguments[1]].getAttribute('aria-sort')", table, place
    )


def test_numbers_sort_as_numbers_and_empty_cells_stay_last(driver, folder):
    show(driver, folder / "index.html")
    before = column(driver, "#batch-fits", 5)
    assert click_head(driver, "#batch-fits", 5) == "ascending"
    up = column(driver, "#batch-fits", 5)
    assert sorted(before) == sorted(up)
    numbers = [float(text.replace("\u2212", "-")) for text in up if text]
    assert numbers == sorted(numbers)
    assert up[-2:] == ["", ""]
    assert click_head(driver, "#batch-fits", 5) == "descending"
    down = [float(text.replace("\u2212", "-")) for text in column(driver, "#batch-fits", 5) if text]
    assert down == numbers[::-1]
    assert column(driver, "#batch-fits", 5)[-2:] == ["", ""]


def test_states_sort_by_how_grave_they_are(driver, folder):
    show(driver, folder / "index.html")
    click_head(driver, "#batch-fits", 1)
    found = [text.split(" ", 1)[1] for text in column(driver, "#batch-fits", 1)]
    assert found == ["failed"] * 2 + ["not converged"] + ["needs a look"] * 2 + ["converged"] * 7


def test_tables_of_a_fit_sort(driver, folder):
    show(driver, folder / "trial.html")
    click_head(driver, "#variance-parameters", 1)
    values = [float(text.replace("\u2212", "-")) for text in column(driver, "#variance-parameters", 1)]
    assert values == sorted(values)
    click_head(driver, "#variance-parameters", 0)
    assert column(driver, "#variance-parameters", 0) == sorted(trial().varcomp.index, key=str.lower)


def shown(driver):
    rows = "Array.from(document.querySelectorAll('#batch-fits tbody tr')).filter(row => !row.hidden)"
    return driver.execute_script(f"return {rows}.map(row => row.cells[0].textContent.trim())")


def choose(driver, selector, value):
    script = "const e = document.querySelector(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event('input'))"
    driver.execute_script(script, f".tools[data-table=batch-fits] {selector}", value)


def test_the_batch_filters(driver, folder):
    show(driver, folder / "index.html")
    assert len(shown(driver)) == 12
    choose(driver, "select[data-field=state]", "look")
    assert shown(driver) == ["ril.csv", "groups.csv"]
    choose(driver, "select[data-field=marks]", "boundary")
    assert shown(driver) == ["groups.csv"]
    choose(driver, "select[data-field=state]", "")
    choose(driver, "select[data-field=marks]", "")
    choose(driver, "input", "FAMLY")
    assert shown(driver) == ["broken.csv"]
    assert driver.execute_script("return document.querySelector('.tools output').textContent") == "1 of 12 shown"
    choose(driver, "input", "")
    choose(driver, "select[data-field=model]", "simple")
    assert shown(driver) == ["groups.csv", "oats.csv", "stopped.csv"]


def test_links_lead_to_the_fit_and_back(driver, folder):
    show(driver, folder / "index.html")
    driver.execute_script("document.querySelector('#batch-fits a').click()")
    assert driver.current_url.endswith("/pages/ril-csv.html")
    driver.execute_script("document.querySelector('header a').click()")
    assert driver.current_url.endswith("/index.html")


def test_the_printed_page_has_what_is_folded(driver, folder):
    show(driver, folder / "trial.html")
    assert driver.execute_script("return document.querySelectorAll('details:not([open])').length") > 0
    driver.execute_cdp_cmd("Page.printToPDF", {})
    assert driver.execute_script("return document.querySelectorAll('details:not([open])').length") == 0
