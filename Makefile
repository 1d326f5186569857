# Thin names for what the scripts and tools do. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run setup test check bench peers lint types format lock clean
# tests start hundreds of processes; without compiled modules half of their time goes into compiling
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
# python files that git knows or would take, so that what was built or fetched is never checked
SOURCES := backend benchmarks camera_bridge launch migrations miniprogram_api tests web workers

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: ## start everything on this machine; PHOTOS=folder sends its photos through the camera bridge
	@./start.sh $(if $(PHOTOS),--photos "$(PHOTOS)")

setup: ## make the environment for development ready
	@./start.sh --setup dev

test: setup lint types ## all gates and all tests; what CI runs
	$(BIN)/pytest -q -n 2 -m "not slow"
	TEST_DATABASE=postgresql $(BIN)/pytest -q -n 2 --dist loadfile -m "not slow" tests/integration tests/property tests/chaos
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --reruns 1 -m slow

check: lint types ## gates and the fast tests; run it before every commit
	$(BIN)/pytest -q -n 2 -m "not slow"

lint: ## style, imports between the rooms
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports

types: ## mypy --strict
	$(BIN)/mypy

bench: ## measure the running platform (make run first) with the photos of PHOTOS=folder; appends to benchmarks/
	$(BIN)/kuaimen bench lag --photos "$(or $(PHOTOS),$(error PHOTOS=folder is needed))"

peers: ## install the programs that `kuaimen bench render` is measured against
	@scripts/peers.sh

format: ## let ruff write
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

lock: ## resolve requirements/*.in and pyproject.toml anew into requirements/*.txt
	@scripts/lock.sh

clean: ## remove what was built and fetched; data (var/) stays
	rm -rf .venv .boot .boot-node web/dist workers/imaging/built web/ui/node_modules .mypy_cache .ruff_cache .pytest_cache
