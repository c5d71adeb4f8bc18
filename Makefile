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

.PHONY: demo lab pictures test check fuzz wild fidelity bench soak clean

demo: $(VENV)/demo
	$(RUN) examples/demo.py

# JupyterLab with a notebook that teaches Kishu in five minutes.
lab: $(VENV)/lab
	$(RUN) -m examples.lab

test: $(VENV)/dev $(if $(NPM),$(FRONT)/node_modules/.package-lock.json) $(if $(NPM),$(if $(CHROMIUM),$(VENV)/browser))
	$(if $(NPM),cd $(FRONT) && npm test --silent,@echo "The front end's own tests are left out: there is no npm.")
	$(RUN) -m pytest

check: $(VENV)/dev $(if $(NPM),$(FRONT)/node_modules/.package-lock.json)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(if $(NPM),cd $(FRONT) && npm run check --silent)

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
	@echo "Making $(VENV) and installing JupyterLab with Kishu (about a minute, the first time) ..."
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
	cd $(FRONT) && npm ci --silent
	@touch $@

$(BUILT): $(FRONT)/node_modules/.package-lock.json $(FRONT)/package.json $(wildcard $(FRONT)/src/*.ts $(FRONT)/style/* $(FRONT)/schema/*)
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet 'jupyter-builder>=1.2,<2'
	cd $(FRONT) && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm run build:prod --silent
	@touch $@

pictures: $(VENV)/browser
	KISHU_PICTURES=1 $(RUN) -m pytest tests/browser/test_walkthrough.py

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
	rm -rf $(VENV) .peers .environments .lab $(FRONT)/node_modules $(FRONT)/lib \
		$(FRONT)/jupyterlab_kishu/labextension
