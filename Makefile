# make demo   install into .venv and run the demonstration
# make test   lint, layer check, types and tests, on an installed (not editable) package
# Both install what a fresh Debian lacks. Re-running is quick: the stamps in .venv follow the sources.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM := libsuitesparse-dev libopenblas-dev g++
SOURCES := $(shell find vcmodel datasets -type f \( -name '*.py' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.hpp' \
	-o -name '*.csv' -o -name '*.md' -o -name '*.j2' -o -name '*.css' -o -name '*.js' \) -not -name '*~') pyproject.toml setup.py $(wildcard README.md)

.PHONY: demo test lint clean

demo: $(VENV)/package.stamp
	$(BIN)/python -P -m vcmodel.demo

# two workers, one BLAS thread each
test: lint
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2

lint: $(VENV)/package.stamp $(VENV)/tools.stamp
	$(BIN)/ruff check .
	$(BIN)/python tools/check_layers.py
	$(BIN)/mypy

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
	$(BIN)/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb')); \
	print(*p['build-system']['requires'], *p['project']['dependencies'], sep='\n')" > $(VENV)/requirements.txt
	$(BIN)/pip install -q -r $(VENV)/requirements.txt
	touch $@

$(VENV)/package.stamp: $(VENV)/requirements.stamp $(SOURCES)
	rm -rf build/lib* build/bdist*
	$(BIN)/pip install -q --no-build-isolation --no-deps .
	touch $@

$(VENV)/tools.stamp: $(VENV)/requirements.stamp
	$(BIN)/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb')); \
	print(*p['project']['optional-dependencies']['test'], sep='\n')" > $(VENV)/requirements-test.txt
	$(BIN)/pip install -q -r $(VENV)/requirements-test.txt
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info vcmodel/linalg/_kernels*.so
