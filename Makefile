# ragmed: `make` lists the targets. Everything is installed into .venv and nowhere else.
#
#   make index INDEX=pubmedqa        another recipe of indexes/
#   make ask Q="…" INDEX=medquad     ask another index
#   make index PYTHON=python3.12     another interpreter (3.11 or newer)

PYTHON ?= python3
INDEX ?= default
RECIPE ?= pubmedqa
UV ?= uv
# Passages of `make bench-scale`; docs/scale.md says with how many its figures were measured.
SIZE ?= 100000
# PyTorch's index of CPU wheels, only for `make hf` and what needs it: see requirements/torch.txt.
TORCH_INDEX ?=

# The question reaches the shell through the environment, as typed: `$`, quotes and apostrophes survive.
override Q := $(value Q)
override INDEX := $(value INDEX)
override RECIPE := $(value RECIPE)
export Q INDEX RECIPE

BIN := .venv/bin
SCALE := .venv/scale/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The locks are complete, so pip need not resolve anything: it fetches exactly these files, or stops.
INSTALL := $(PIP) install --quiet --no-deps --require-hashes
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --upgrade
# torch comes from requirements/torch.txt; its CPU build needs none of the others.
NOT_TORCH := torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cccl \
  nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile \
  nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
  nvidia-nvshmem-cu13 nvidia-nvtx
WITH_TORCH := sed 's/+cpu//' requirements/torch.txt | $(COMPILE) -c /dev/stdin $(addprefix --no-emit-package ,$(NOT_TORCH)) pyproject.toml

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install index ask eval test lint bench bench-scale docs retrieval graph hf train lucene openvino gguf split parquet excel ray milvus mteb lock clean distclean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

install: .venv/.ragmed ## make .venv and install ragmed with its pinned, hash-checked dependencies

index: .venv/.ragmed ## build an index (INDEX=default)
	@$(BIN)/ragmed index build -- "$$INDEX"

ask: .venv/.ragmed ## ask a question: make ask Q="What is arachnodactyly?"
	@if [ -z "$$Q" ]; then echo 'Ask something: make ask Q="What is arachnodactyly?"' >&2; exit 2; fi
	@$(BIN)/ragmed index build --if-missing -- "$$INDEX" >&2
	@$(BIN)/ragmed ask --index "$$INDEX" -- "$$Q"

eval: .venv/.ragmed .venv/.eval ## run an evaluation: make eval RECIPE=pubmedqa
	@$(BIN)/ragmed eval -- "$$RECIPE"

test: .venv/.ragmed .venv/.test ## install the test extras and run the tests
	$(BIN)/python -m pytest

lint: .venv/.ragmed .venv/.test .venv/.lint ## formatting, style, types and the direction of imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.ragmed .venv/.bench .venv/.peers ## benchmarks against sentence-transformers + rank_bm25 (installs torch)
	@$(BIN)/ragmed index build --if-missing default >&2
	$(BIN)/python bench/run.py --write docs/benchmarks.md

bench-scale: .venv/.scale ## encoding, large indexes, Ray and Milvus (SIZE=100000; installs torch, ray, milvus-lite)
	@for index in default pubmedqa hpo_omim; do $(SCALE)/ragmed index build --if-missing $$index >&2 || exit 1; done
	$(SCALE)/python bench/encoding.py --index pubmedqa
	$(SCALE)/python bench/scale.py --passages $(SIZE)
	$(SCALE)/python bench/ray_build.py --passages $(SIZE)
	$(SCALE)/python bench/milvus.py --passages $(SIZE)

docs: .venv/.ragmed ## write docs/cli.md, the tables of docs/scale.md and the outputs in README.md anew
	$(BIN)/python docs/write_cli.py
	$(BIN)/python docs/write_scale.py
	@for index in default pubmedqa medquad; do $(BIN)/ragmed index build --if-missing $$index >&2 || exit 1; done
	$(BIN)/python docs/write_readme.py

retrieval: .venv/.ragmed .venv/.eval ## measure retrieval on the development sets, write docs/retrieval.md anew
	$(BIN)/python docs/write_retrieval.py

graph: .venv/.ragmed .venv/.eval ## measure the development sets with and without the graph, write docs/graph.md anew
	$(BIN)/python docs/write_graph.py

hf: .venv/.ragmed .venv/.hf ## install the extra ragmed[hf]: torch (CPU), transformers, sentence-transformers

train: .venv/.ragmed .venv/.train ## install the extra ragmed[train]: what ragmed train needs (torch)

lucene: .venv/.ragmed .venv/.lucene ## install the extra ragmed[lucene]: pyserini and a Java for it (needs torch)

openvino: .venv/.ragmed .venv/.openvino ## install the extra ragmed[openvino]: OpenVINO for ONNX encoders

gguf: .venv/.ragmed .venv/.gguf ## install the extra ragmed[gguf]: language models in GGUF files, in process

split: .venv/.ragmed .venv/.split ## install the extra ragmed[split]: LangChain's text splitters

excel: .venv/.ragmed .venv/.excel ## install the extra ragmed[excel]: openpyxl, for sources in workbooks

ray: .venv/.ragmed .venv/.ray ## install the extra ragmed[ray]: to build on a cluster

milvus: .venv/.ragmed .venv/.milvus ## install the extra ragmed[milvus]: to serve from Milvus

parquet: .venv/.ragmed .venv/.parquet ## install the extra ragmed[parquet]: pyarrow

mteb: .venv/.ragmed .venv/.mteb ## install the extra ragmed[mteb]: mteb (needs torch)

lock: ## resolve requirements/*.txt anew from pyproject.toml (needs uv)
	$(COMPILE) --no-emit-package scipy pyproject.toml -o requirements/core.txt  # pytrec-eval names it, and never imports it
	$(COMPILE) --group build -c requirements/core.txt -o requirements/build.txt
	$(COMPILE) pyproject.toml --extra test -c requirements/core.txt -c requirements/build.txt -o requirements/test.txt
	$(COMPILE) pyproject.toml --extra lint -c requirements/test.txt -o requirements/lint.txt
	for extra in eval split parquet excel openvino gguf ray milvus; do \
	  $(COMPILE) pyproject.toml --extra $$extra --no-emit-package scipy -c requirements/test.txt -o requirements/$$extra.txt || exit 1; done
	$(WITH_TORCH) --extra hf -c requirements/test.txt -o requirements/hf.txt
	$(WITH_TORCH) --extra bench -c requirements/hf.txt -o requirements/bench.txt
	$(WITH_TORCH) --extra bench --extra eval --extra ray --extra milvus -c requirements/bench.txt -o requirements/scale.txt
	$(WITH_TORCH) --extra train -c requirements/hf.txt -o requirements/train.txt
	$(WITH_TORCH) --extra lucene -c requirements/hf.txt -o requirements/lucene.txt
	$(subst  pyproject.toml,,$(WITH_TORCH)) --group peers -o requirements/peers.txt
	$(WITH_TORCH) --extra mteb -c requirements/hf.txt -o requirements/mteb.txt

clean: ## remove built indexes and caches; keep .venv and downloaded corpora
	rm -rf $(filter-out indexes/graphs/,$(wildcard indexes/*/)) indexes/graphs/*/ indexes/graphs/.[a-z]* indexes/.[a-z]* build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find ragmed tests docs bench -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## also remove .venv and downloaded corpora
	rm -rf .venv corpora/*/

# --- .venv: a stamp for each lock that was installed ---

.venv/.made: requirements/build.txt
	@command -v "$(PYTHON)" >/dev/null || { echo "ragmed needs Python 3.11 or newer; '$(PYTHON)' was not found. Name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ragmed needs Python 3.11 or newer; '$(PYTHON)' is $$("$(PYTHON)" -V 2>&1). Name another: make PYTHON=python3.12 …" >&2; exit 1; }
	"$(PYTHON)" -m venv .venv
	$(INSTALL) -r $<
	@touch $@

.venv/.core: requirements/core.txt .venv/.made
	$(INSTALL) -r $<
	@touch $@

.venv/.ragmed: pyproject.toml .venv/.core
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.test .venv/.lint .venv/.eval .venv/.split .venv/.parquet .venv/.excel .venv/.openvino .venv/.gguf .venv/.ray .venv/.milvus: .venv/.%: requirements/%.txt .venv/.core
	$(INSTALL) -r $<
	@touch $@

.venv/.torch: requirements/torch.txt .venv/.core
	@echo "installing torch for the CPU (some 200 MB)"
	@$(PIP) install --quiet --no-deps $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") -r $< || { \
	  echo "No CPU build of torch was found, and the default one would bring gigabytes of CUDA packages: give the CPU wheel index of PyTorch's 'Get started' page, as in make TORCH_INDEX=https://… hf" >&2; exit 1; }
	@touch $@

.venv/.peers: requirements/peers.txt requirements/torch.txt .venv/.made
	"$(PYTHON)" -m venv .venv/peers
	@.venv/peers/bin/python -m pip --disable-pip-version-check install --quiet --no-deps $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") -r requirements/torch.txt
	.venv/peers/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements/peers.txt
	@touch $@

.venv/.scale: requirements/scale.txt requirements/torch.txt pyproject.toml .venv/.made
	"$(PYTHON)" -m venv .venv/scale
	@$(SCALE)/python -m pip --disable-pip-version-check install --quiet --no-deps $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") -r requirements/torch.txt
	$(SCALE)/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements/scale.txt -r requirements/build.txt
	$(SCALE)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.hf .venv/.bench .venv/.train .venv/.lucene .venv/.mteb: .venv/.%: requirements/%.txt .venv/.torch
	$(INSTALL) -r $<
	@touch $@
