"""A mean of each trait: kept where it was not written and no other term gives it, and missed aloud."""

from __future__ import annotations

import pytest
from fixed_columns import design

KEPT = {
    "y + z ~ trait:x": ["trait_y", "trait_z", "trait_y:x", "trait_z:x"],
    "y + z ~ trait:x + trait:`my x`": ["trait_y", "trait_z", "trait_y:x", "trait_z:x", "trait_y:my x", "trait_z:my x"],
    "y + z ~ trait:sex": ["trait_y", "trait_z", "trait_y:sex", "trait_z:sex"],
    "y + z ~ trait:poly(x, 2)": ["trait_y", "trait_z", *(f"trait_{t}:poly(x, 2)[{i}]" for i in (1, 2) for t in "yz")],
    "y + z ~ at(trait, 'y'):x": ["trait_y", "trait_z", "at(trait, 'y'):x"],
    "y + z ~ at(trait):x": ["trait_y", "trait_z", "at(trait, 'y'):x", "at(trait, 'z'):x"],
    "y + z ~ trait:x + site": ["trait_y", "trait_z", "trait_y:x", "trait_z:x", "site[T.b]", "site[T.c]"],
    "y + z ~ trait:x + trait:site": [*(f"trait_{t}:x" for t in "yz"), *(f"trait_{t}:site[{s}]" for s in "abc" for t in "yz")],
    "y + z ~ trait:site:x": ["trait_y", "trait_z", *(f"trait_{t}:site[{s}]:x" for s in "abc" for t in "yz")],
    "y + z ~ trait:at(site, 'b')": ["trait_y", "trait_z", "trait_y:at(site, 'b')", "trait_z:at(site, 'b')"],
    "y + z ~ trait:at(site, 'b') + trait:at(site, 'a', 'c')": [f"trait_{t}:at(site, '{s}')" for s in "bac" for t in "yz"],
    "y + z ~ at(trait, 'y') + at(trait, 'z'):site": ["at(trait, 'y')", *(f"at(trait, 'z'):site[{s}]" for s in "abc")],
    "y + z ~ at(trait, 'y'):site": ["trait_y", "trait_z", *(f"at(trait, 'y'):site[T.{s}]" for s in "bc")],
}


@pytest.mark.parametrize(("fixed", "names"), KEPT.items(), ids=list(KEPT))
def test_each_trait_has_a_mean(fixed: str, names: list[str]) -> None:
    found, _ = design(fixed)
    assert list(found.names) == names
    assert not found.notes


MISSED = {
    "y + z ~ 0 + trait:x": "y, z",
    "y + z ~ -1 + trait:x + at(trait, 'z')": "y",
    "y + z ~ 0 + at(trait, 'y'):site": "z",
    "y + z ~ 0 + x": "y, z",
    "y + z ~ 0 + trait:at(site, 'b')": "y, z",
}


@pytest.mark.parametrize(("fixed", "traits"), MISSED.items(), ids=list(MISSED))
def test_a_mean_taken_away_is_said(fixed: str, traits: str) -> None:
    (note,) = design(fixed)[0].notes
    assert note.startswith(f"fixed: no intercept for {traits}, ")


@pytest.mark.parametrize("fixed", ["y ~ 0 + x", "y + z ~ x", "y + z ~ trait", "y + z ~ 0 + trait:site", "y + z ~ 1 + trait:x"])
def test_nothing_is_said_where_nothing_is_missed(fixed: str) -> None:
    assert not design(fixed)[0].notes


def test_a_covariate_named_in_at_gives_no_means() -> None:
    # a number by itself is a covariate: the levels of sex have no mean of their own
    assert list(design("y ~ sex + at(sex, 2):site")[0].names) == ["Intercept", "sex", "at(sex, '2'):site[a]", "at(sex, '2'):site[b]"]
