# `make demo` and `make test` need nothing but Python 3.11 or newer: they make .venv themselves.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check fuzz bench soak clean

demo: $(VENV)/demo
	$(RUN) examples/demo.py

test: $(VENV)/dev
	$(RUN) -m pytest

check: $(VENV)/dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

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

# Against the budgets of the design, side by side with a kernel without Kishu; with PEERS=1 also with
# the earlier Kishu, from PyPI, in an environment of its own.
bench: $(VENV)/dev
	$(RUN) -m benchmarks $(if $(PEERS),--peers .peers) $(BENCH)

# Thousands of random steps in one history, compared with a checker that knows nothing of Kishu.
soak: $(VENV)/dev
	$(RUN) -m benchmarks.soak $(SOAK)

clean:
	rm -rf $(VENV) .peers
