# `make demo` and `make test` need nothing but Python 3.11 or newer: they make .venv themselves.

# The front end (`make lab`) needs npm as well; its tests, which `make test` runs where they can be
# run, npm and Chromium.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
FRONT := jupyterlab_kishu
BUILT := $(FRONT)/jupyterlab_kishu/labextension/package.json
NPM := $(shell command -v npm)
CHROMIUM := $(shell command -v chromium || command -v chromium-browser)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Tests are divided among as many processes as there are processors.
WORKERS ?= logical
PARALLEL := --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder
PYTHONS ?= python3.12 python3.13

.PHONY: demo lab pictures test check fast matrix matrix-314 mutations hooks fuzz wild dist fidelity bench \
	soak clean

demo: $(VENV)/demo
	$(RUN) examples/demo.py

# JupyterLab on a notebook that teaches Kishu in five minutes. On a clean clone the server answered
# after 2 min 6 s and 3 min 21 s (2 busy cores): one for npm's packages, one or two for pip's.
lab: $(VENV)/lab
	$(RUN) -m examples.lab

test: $(VENV)/dev $(if $(NPM),$(FRONT)/node_modules/.package-lock.json) $(if $(NPM),$(if $(CHROMIUM),$(VENV)/browser))
	$(if $(NPM),cd $(FRONT) && npm test --silent,@echo "The front end's own tests are left out: there is no npm.")
	$(RUN) -m pytest $(PARALLEL)

# What is worth running after each edit, in under two minutes.
fast: check
	$(RUN) -m pytest $(PARALLEL) tests/unit

# The part that every supported Python runs: PYTHONS="python3.12 python3.13".
matrix:
	.ci/part $(PYTHONS)

# Faults that were once in the source, put back one at a time: the tests must find each.
mutations: $(VENV)/dev
	$(RUN) -m tests.mutations $(MUTATIONS)

check: $(VENV)/dev $(if $(NPM),$(FRONT)/node_modules/.package-lock.json)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(RUN) -m tools.version
	$(if $(NPM),cd $(FRONT) && npm run check --silent)

# The unit tests and the fidelity scenarios under Python 3.14; as root, on Linux with debootstrap.
matrix-314:
	tools/python314.sh

# The same checks of style before each commit of yours.
hooks: $(VENV)/dev
	$(VENV)/bin/pre-commit install

# Longer random programs than `make test` runs; KISHU_EXAMPLES says how many.
fuzz: $(VENV)/dev
	KISHU_EXAMPLES=$${KISHU_EXAMPLES:-500} $(RUN) -m pytest tests/property

$(VENV)/demo: pyproject.toml
	@echo "Making $(VENV) and installing Kishu (about a minute, the first time) ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --editable '.[demo]'
	@touch $@

$(VENV)/dev: pyproject.toml
	@echo "Making $(VENV) and installing Kishu with its tests (about a minute, the first time) ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/demo

$(VENV)/lab: pyproject.toml $(BUILT)
	@echo "Making $(VENV) and installing JupyterLab with Kishu (a minute or two, the first time) ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --editable '.[lab]'
	@$(VENV)/bin/pip install --quiet --force-reinstall --no-deps ./$(FRONT)
	@touch $@

$(VENV)/browser: $(VENV)/dev $(VENV)/lab
	@echo "Installing what the browser tests need ..."
	@$(VENV)/bin/pip install --quiet --editable '.[browser]'
	@touch $@

$(FRONT)/node_modules/.package-lock.json: $(FRONT)/package-lock.json
	@test -n "$(NPM)" || { echo "The front end is built with npm: install Node 20 or newer." >&2; exit 1; }
	@echo "Fetching what the front end is built with (about a minute, the first time) ..."
	@cd $(FRONT) && npm ci --silent
	@touch $@

$(BUILT): $(FRONT)/node_modules/.package-lock.json $(FRONT)/package.json $(wildcard $(FRONT)/src/*.ts $(FRONT)/style/* $(FRONT)/schema/*)
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet 'jupyter-builder>=1.2,<2'
	@echo "Building the front end (some seconds) ..."
	@cd $(FRONT) && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm run build:prod --silent
	@touch $@

pictures: $(VENV)/browser
	KISHU_PICTURES=1 $(RUN) -m pytest tests/browser/test_walkthrough.py

# The wheels and sdists of both distributions in dist/, tried in an environment with nothing else.
# A wheel is built from its sdist, so that what the sdist lacks shows here.
dist: $(VENV)/dev $(BUILT)
	rm -rf dist
	$(RUN) -m build --outdir dist .
	$(RUN) -m build --outdir dist $(FRONT)
	$(RUN) -m tools.try_dist dist

# Against the budgets of the design, side by side with a kernel without Kishu; with PEERS=1 also with
# the earlier Kishu, from PyPI, in an environment of its own.
bench: $(VENV)/dev
	$(RUN) -m benchmarks $(if $(PEERS),--peers .peers) $(BENCH)

# Whole notebooks, played as a user does: ten of ours, or those of NOTEBOOKS=folder. What was played
# is kept in .wild, so that a run goes on where it was interrupted; FRESH=1 plays all again, LIMIT is
# in seconds for each. BASELINE="folder folder" compares with what was kept of earlier runs (KEPT says
# where): with two of the same code, what depends on where objects lie is told from what changed.
wild: $(VENV)/dev
	$(RUN) -m tests.wild $(NOTEBOOKS) $(if $(KEPT),--kept $(KEPT)) $(if $(BASELINE),--baseline $(BASELINE)) \
		$(if $(FRESH),--fresh) $(if $(LIMIT),--limit $(LIMIT))

# What comes back and what does not, scenario by scenario; writes docs/fidelity.md.
fidelity: $(VENV)/dev
	$(RUN) -m tests.fidelity --write

# Thousands of random steps in one history, compared with a checker that knows nothing of Kishu.
soak: $(VENV)/dev
	$(RUN) -m benchmarks.soak $(SOAK)

clean:
	rm -rf $(VENV) .peers .environments .matrix .lab dist $(FRONT)/node_modules $(FRONT)/lib \
		$(FRONT)/jupyterlab_kishu/labextension
