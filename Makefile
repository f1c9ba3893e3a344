# `make` lists the targets. Each of them first makes `.venv` from constraints.txt, finds or
# fetches Java, fetches the jars of Delta and S3 and compiles the kernels, all of it once.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
EXTRAS := dev,http,s3,languages,build,lineage
AIRFLOW := .venv-airflow/.ready
READERS := .venv-readers/.ready
SPARK_PARTS := $(addprefix metaclip/spark/,jars.py java.py log4j2.properties)
CHROMIUM := /usr/bin/chromium
# More for pytest or the demo: make test ARGS="-k spacing"
ARGS ?=

# spark-submit starts the first `python3` on PATH: let that be the environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Another Spark or Python named in the user's environment would be started instead of ours.
unexport SPARK_HOME SPARK_CONF_DIR PYSPARK_PYTHON PYSPARK_DRIVER_PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo pictures test test-browser test-cluster test-airflow test-readers test-long bench docs package lint clean

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

setup: $(READY)  ## make .venv with all dependencies, Java, jars and an archive of classes

demo: setup  ## curate a small real sample on this machine
	metaclip curate report_curation --config conf/demo.yaml $(ARGS)

pictures: demo $(CHROMIUM)  ## draw the pictures that README and docs show
	python jobs/plan_balance.py --config conf/demo.yaml --set plan.to=demo-warehouse/plan
	cp demo-warehouse/plan/plan-size.png demo-warehouse/reports/default/cumulative.png docs/images
	python -m tests.helpers.picture demo-warehouse/reports/default/report.html docs/images/report.png

# Two processes, each with a session of its own: a test mostly waits for one core's planning.
# Files keep their order: the last ones, those of tests/ itself, are the shortest.
test: setup  ## run the tests that a change has to pass (minutes)
	python -m pytest -m "not long" -n 2 --no-loadscope-reorder $(ARGS)

test-cluster: setup  ## run the faults on a small real cluster
	python -m pytest -m cluster $(ARGS)

test-long: setup $(AIRFLOW) $(READERS)  ## run the long ones: fuzzing, faults, a cluster, Airflow
	python -m pytest -m long $(ARGS)

test-browser: setup  ## compare pages with what Chromium shows for them
	python -m pytest -m browser $(ARGS)

test-airflow: setup $(AIRFLOW)  ## run the DAG in an Airflow of its own
	python -m pytest -m airflow $(ARGS)

test-readers: setup $(READERS)  ## read tables and exports by other programs
	python -m pytest -m readers $(ARGS)

bench: setup  ## measure throughput, memory and sizes
	python -m benchmarks

docs: setup  ## write the reference and build the site of docs, in build/docs
	python docs/site/generate.py
	mkdocs build --strict --quiet --config-file docs/site/mkdocs.yml

package: setup  ## build the wheel and the packed environment for a cluster, in dist
	python -m metaclip.setup.packing dist

lint: setup  ## check style and types
	ruff check .
	ruff format --check .
	mypy

clean:  ## remove the environments, .java and caches
	rm -rf .venv .venv-airflow .venv-readers .java .mypy_cache .pytest_cache .ruff_cache build *.egg-info

# The target is a stamp written last, so that a set-up that was interrupted is taken up again.
$(READY): setup.cfg constraints.txt $(wildcard metaclip/setup/*.py) $(SPARK_PARTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.x")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the Python packages into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@$(BIN)/python -m metaclip.setup.environment
	@touch $@

$(AIRFLOW): jobs/dags/requirements.txt
	@echo "Installing Airflow into .venv-airflow"
	@test -x .venv-airflow/bin/python || $(PYTHON) -m venv .venv-airflow
	@.venv-airflow/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

$(READERS): tests/readers/requirements.txt
	@echo "Installing other readers of Delta and Parquet into .venv-readers"
	@test -x .venv-readers/bin/python || $(PYTHON) -m venv .venv-readers
	@.venv-readers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

# The browser that judges pages. Debian's is the one that a package manager installs.
test-browser test-long: $(CHROMIUM)
$(CHROMIUM):
	@echo "Installing Debian's chromium by apt-get"
	@apt-get --version >/dev/null 2>&1 && test "$$(id -u)" = 0 || \
	  { echo "$@: expected Debian's chromium, found none; as root: apt-get install chromium" >&2; exit 2; }
	@apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
