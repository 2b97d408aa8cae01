"""The tour behind ``make demo``: a real trial, the two questions users ask most answered on the shipped data, and a report page.

Run with ``python -m vcmodel.demo``.
"""

from __future__ import annotations

import pandas as pd

import vcmodel as vc

RULE = "=" * 100


def heading(text: str) -> None:
    """Print a section title."""
    print(f"\n{RULE}\n{text}\n{RULE}")


def oats() -> None:
    """A real trial with two traits: the split plot of Yates (1935)."""
    heading("Real data first: the oats of Rothamsted 1931 (Yates 1935), grain and straw of a split plot in one model")
    fit = vc.fit(
        "cbind(grain, straw) ~ trait + trait:gen + trait:C(nitro)",
        random="us(trait):block + us(trait):block:gen",
        residual="id(units):us(trait)",
        data=vc.datasets.load("oats"),
    )
    print(fit.summary())
    print("\nWald tests:\n")
    print(fit.wald().to_string(float_format="{:.4f}".format))


def two_correlations() -> None:
    """Question 1: two correlations from one four-variable data set."""
    data = vc.datasets.load("seed_se4")
    heading("1. Two correlations r1, r2 of a four-variable data set from one model (2,000 P pairs, 2,000 T pairs)")
    one = vc.fit("y ~ R", random="at(R):f", data=data)
    fit = vc.fit("y ~ R", random="at(R):f", residual="dsum(~ id(units) | R)", data=data)
    print(f"One residual variance for both groups (all that lme4 can do): logL {one.loglik:.4f}")
    print(f"A residual variance for each group, dsum(~ id(units) | R):     logL {fit.loglik:.4f}\n")
    print(fit.summary())
    for name, level in (("r1", "P"), ("r2", "T")):
        pair, rest = f"`at(R, '{level}'):f`", f"`R_{level}!R`"
        print(f"{name} = {fit.function(f'{pair} / ({pair} + {rest})')}")
    print("\nThe fixed effect of the group, tested in the same fit:\n")
    print(fit.wald().to_string(float_format="{:.4f}".format))

    print("\nThe same question with equal total variances and correlations free to be negative:")
    print("residual = dsum(~ id(f):cor(variable) | R), the two variances tied by equal=\n")
    tied = vc.fit("y ~ R", residual="dsum(~ id(f):cor(variable) | R)", equal=[["R_P!R", "R_T!R"]], data=data)
    print(tied.varcomp.to_string(float_format="{:.6g}".format))


def bivariate_trial() -> vc.Fit:
    """Question 2: from univariate models to the genetic correlation."""
    data = vc.datasets.load("seed_rcbd_bivariate")
    heading("2. A bivariate trial: univariate -> diag(trait) -> us(trait) -> corgh(trait), and the genetic correlation")
    fixed = "bden + veloc ~ trait"
    ladder = {
        "at(trait), diag residual": vc.fit(fixed, random="at(trait):Block + at(trait):Family", residual="units:diag(trait)", data=data),
        "diag(trait)": vc.fit(fixed, random="diag(trait):Block + diag(trait):Family", residual="units:diag(trait)", data=data),
        "us(trait)": vc.fit(fixed, random="us(trait):Block + us(trait):Family", residual="units:us(trait)", data=data),
        "corgh(trait)": vc.fit(fixed, random="corgh(trait):Block + corgh(trait):Family", residual="units:corgh(trait)", data=data),
    }
    alone = sum(vc.fit(f"{y} ~ 1", random="Block + Family", data=data).loglik for y in ("bden", "veloc"))
    rows = [("two univariate fits (sum)", alone, float("nan"), pd.NA)]
    rows += [(name, fit.loglik, fit.aic, len(fit.iterations) - 1) for name, fit in ladder.items()]
    table = pd.DataFrame(rows, columns=["model", "logL", "AIC", "iterations"]).astype({"iterations": "Int64"})
    print(table.to_string(index=False, float_format="{:.4f}".format, na_rep=""))
    print("\nus(trait) against diag(trait), REML likelihood ratio:", ladder["us(trait)"].lrt(ladder["diag(trait)"]), "\n")
    print(ladder["corgh(trait)"].summary())
    print("\nGenetic correlation of the families:\n")
    print(ladder["us(trait)"].correlation("Family").to_string(float_format="{:.4f}".format))
    return ladder["us(trait)"]


def three_traits_two_blocks() -> None:
    """The comment under question 2: the trial on which other programs end with a singular information matrix."""
    data = vc.datasets.load("seed_ril_2x159")
    heading("3. Three traits, two blocks: us(trait):block has rank 1, and the fit says so")
    fit = vc.fit("HD + HT + GY ~ trait", random="us(trait):block + us(trait):RIL", residual="units:us(trait)", data=data)
    print(fit.summary())


def main() -> None:
    """Run all parts, and write the page of the bivariate trial."""
    oats()
    two_correlations()
    trial = bivariate_trial()
    three_traits_two_blocks()
    heading("The bivariate trial as a page, for any browser")
    print(trial.report("vcmodel-demo.html", title="bden and veloc: a bivariate trial").resolve())


if __name__ == "__main__":
    main()
