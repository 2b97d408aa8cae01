"""Compiled kernels and the package map; everything else is in pyproject.toml.

The kernels call BLAS and LAPACK through the function pointers SciPy exports, so nothing is linked, and they are built without
``-march=native``: a wheel must run on any machine of its architecture.
"""

from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, find_namespace_packages, setup

kernels = Extension(
    "vcmodel.linalg._kernels",
    ["vcmodel/linalg/_kernels.pyx"],
    language="c++",
    include_dirs=["vcmodel/linalg"],
    depends=sorted(glob("vcmodel/linalg/*.hpp")),
    extra_compile_args=["-std=c++17", "-O3", "-pthread"],
    extra_link_args=["-pthread"],
    define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
)

# by folder, not by __init__.py: tools/check_layers.py reports a folder that lacks one, a wheel would silently leave it out
folders = find_namespace_packages(include=["vcmodel", "vcmodel.*"], exclude=["*__pycache__*", "vcmodel.report.templates"])

setup(
    packages=[*folders, "vcmodel.datasets"],
    package_dir={"vcmodel": "vcmodel", "vcmodel.datasets": "datasets"},
    package_data={"vcmodel.datasets": ["*.csv", "README.md"], "vcmodel": ["py.typed"], "vcmodel.report": ["templates/*"]},
    include_package_data=False,
    ext_modules=cythonize([kernels], language_level=3, build_dir="build/cython"),
)
