# make demo                  install into .venv and run the demonstration
# make test                  lint, layer check, types and tests, on an installed (not editable) package
# make test PYTHON=python3.12    the same with another interpreter, in an environment of its own (.venv-3.12)
# make oldest                the tests with the oldest dependencies that pyproject.toml allows (.venv-oldest)
# make nightly               the tests with many more random examples, other ones in every run
# make dev                   an editable install in .venv-dev, compiled kernels in the source tree
# make quick FILE=...        there, the tests of FILE (tests or a source file) on the sources as they are now; ARGS for pytest
# make lint, make format     ruff, layers, mypy; and what ruff can mend and format
# make bench ARGS=...        the benchmarks of benchmarks/README.md, on the package that `make demo` installs
# make compare BASE=v0.1     speed of the working tree against a revision; fails where it is slower than LIMIT times
# All of them install what a fresh Debian lacks. Re-running is quick: the stamps in the environments follow the sources.

PYTHON ?= python3
ifeq ($(PYTHON),python3)
VENV := .venv
else
VENV := .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
$(if $(filter .venv-,$(VENV)),$(error PYTHON=$(PYTHON) does not run))
endif
BIN := $(VENV)/bin
SYSTEM := libsuitesparse-dev libopenblas-dev g++
KERNELS := $(wildcard vcmodel/linalg/*.pyx vcmodel/linalg/*.pxd vcmodel/linalg/*.hpp)
SOURCES := $(shell find vcmodel datasets -type f \( -name '*.py' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.hpp' \
	-o -name '*.csv' -o -name '*.md' -o -name '*.j2' -o -name '*.css' -o -name '*.js' \) -not -name '*~') pyproject.toml setup.py $(wildcard README.md)
# two workers, one BLAS thread each
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/pytest
REQUIREMENTS := $(BIN)/python tools/requirements.py
BASE ?= $(shell git merge-base HEAD main)
LIMIT ?= 1.10

.PHONY: demo test tests oldest nightly dev quick lint format bench compare clean

demo: $(VENV)/package.stamp
	$(BIN)/python -P -m vcmodel.demo

test: lint
	$(PYTEST) -n 2 --durations 15 $(ARGS)

tests: $(VENV)/package.stamp $(VENV)/tools.stamp
	$(PYTEST) -n 2 --durations 15 $(ARGS)

oldest:
	@$(MAKE) VENV=$(VENV)-oldest OLDEST=--oldest tests

nightly: $(VENV)/package.stamp $(VENV)/tools.stamp
	HYPOTHESIS_PROFILE=nightly VCMODEL_FUZZ_SECONDS=300 $(PYTEST) -n 2 $(ARGS)

dev:
	@$(MAKE) VENV=$(VENV)-dev $(VENV)-dev/editable.stamp

quick: dev
	@tests=$$($(VENV)-dev/bin/python tools/tests_of.py $(FILE)) && $(MAKE) --no-print-directory VENV=$(VENV)-dev TESTS="$$tests" quick-tests

.PHONY: quick-tests
quick-tests:
	$(PYTEST) $(TESTS) $(ARGS)

lint: $(VENV)/package.stamp $(VENV)/tools.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/check_layers.py --annotations
	$(BIN)/mypy

format: $(VENV)/tools.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/package.stamp
	$(BIN)/python -m benchmarks $(ARGS)

compare: $(VENV)/requirements.stamp
	$(BIN)/python -m benchmarks.base_against_head $(BASE) --limit $(LIMIT) $(ARGS)

# headers and compiler: looked for as files, so that other systems than Debian pass when they have them
$(VENV)/python.stamp:
	@include=$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))'); \
	need=""; \
	found=$$(ls /usr/include/suitesparse/cholmod.h /usr/include/cholmod.h /usr/local/include/suitesparse/cholmod.h 2>/dev/null); \
	[ -n "$$found" ] && command -v g++ >/dev/null || need="$(SYSTEM)"; \
	[ -f "$$include/Python.h" ] || need="$$need python3-dev"; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || need="$$need python3-venv"; \
	if [ -n "$$need" ]; then \
	  if [ "$$(id -u)" = 0 ]; then as=""; else as="sudo"; fi; \
	  echo "installing: $$need"; \
	  $$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq --no-install-recommends $$need; \
	fi
	$(PYTHON) -m venv $(VENV)
	touch $@

# build and run-time requirements first, so that rebuilding the package itself needs no isolated environment
$(VENV)/requirements.stamp: $(VENV)/python.stamp pyproject.toml
	$(REQUIREMENTS) $(OLDEST) > $(VENV)/requirements.txt
	$(BIN)/pip install -q -r $(VENV)/requirements.txt
	touch $@

$(VENV)/package.stamp: $(VENV)/requirements.stamp $(SOURCES)
	rm -rf build/lib* build/bdist*
	$(BIN)/pip install -q --no-build-isolation --no-deps .
	touch $@

# only the kernels are built; Python files are imported from where they are edited
$(VENV)/editable.stamp: $(VENV)/requirements.stamp $(VENV)/tools.stamp $(KERNELS) setup.py
	$(BIN)/pip install -q --no-build-isolation --no-deps --editable .
	touch $@

$(VENV)/tools.stamp: $(VENV)/requirements.stamp
	$(REQUIREMENTS) $(OLDEST) --extra test > $(VENV)/requirements-test.txt
	$(BIN)/pip install -q -r $(VENV)/requirements-test.txt
	touch $@

clean:
	rm -rf .venv .venv-* build *.egg-info vcmodel/linalg/_kernels*.so
