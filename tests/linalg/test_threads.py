"""BLAS has the threads asked for while a fit runs, and those it had before when all have ended."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from example_fits import oats
from threadpoolctl import threadpool_info, threadpool_limits

import vcmodel as vc
from vcmodel.batch.many import fit_many
from vcmodel.linalg.threads import limited_threads


def blas():
    return {item["num_threads"] for item in threadpool_info() if item["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads():
    vc.fit("yield ~ gen", random="block", data=oats())  # every library is loaded
    with threadpool_limits(3, user_api="blas"):
        yield
        assert blas() == {3}


def test_one_limit():
    with limited_threads(2):
        assert blas() == {2}
    assert blas() == {3}


def test_the_lowest_of_several_limits_holds():
    one, two, other = limited_threads(2), limited_threads(1), limited_threads(2)
    with one:
        with two:
            assert blas() == {1}
        assert blas() == {2}
        with limited_threads(5):
            assert blas() == {2}
    with other:
        assert blas() == {2}


def test_limits_may_end_in_any_order():
    first, second = limited_threads(1), limited_threads(2)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas() == {2}
    second.__exit__(None, None, None)
    assert blas() == {3}


def test_an_error_inside_ends_the_limit():
    with limited_threads(2):
        with pytest.raises(ZeroDivisionError), limited_threads(1):
            raise ZeroDivisionError
        assert blas() == {2}
    with pytest.raises(vc.StructureError):
        vc.fit("yield ~ gen", random="block", data=oats(), start={"nothing": 1.0})
    assert blas() == {3}


def test_fits_side_by_side():
    def one(i):
        control = vc.Control(threads=1 + i % 2)
        try:
            return vc.fit("yield ~ gen", random="block", data=oats(), control=control, start={"block": -1.0 if i % 5 == 4 else 1.0})
        except vc.VcmodelError as problem:
            return problem

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(20)))
    assert sum(isinstance(item, vc.Fit) for item in found) == 16
    assert blas() == {3}


def test_batches_side_by_side():
    model = vc.Model("yield ~ gen", random="block")
    with ThreadPoolExecutor(3) as pool:
        many = list(pool.map(lambda i: list(fit_many(model, {"a": oats(), "b": oats()}, executor="serial")), range(6)))
    assert all(result.converged for results in many for result in results)
    assert blas() == {3}
