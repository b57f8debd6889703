# The targets for people; `make help` lists them.
LISTEN ?= 127.0.0.1:8080
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

program := $(CARGO_TARGET_DIR)/debug/throughline
scripts := .ci/run scripts/neo4j scripts/test scripts/with-server docker/healthy docker/make-secrets
web_sources := $(shell find web seeds/queries \( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null)
# Vite needs Node 20.19. Without it the program is built with a plain page in place of the console.
node := $(shell node -e '[a, b] = process.versions.node.split("."); if (a > 20 || (a == 20 && b >= 19)) console.log("yes")' 2>/dev/null)

.PHONY: help demo test check bench neo4j neo4j-stop web format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: web ## fill a store with the worlds of seeds/ and serve it on LISTEN (127.0.0.1:8080)
	cargo build --locked --bin throughline
	@mkdir -p .demo
	@$(program) demo --store sqlite:.demo/throughline.db --listen $(LISTEN)

test: ## all tests, on SQLite and on a real Neo4j (Docker, or Java 17 and Maven)
	@scripts/test

# The pages are for developers: private items have pages, and may be linked to.
# That schema.graphql is up to date is a unit test.
check: ## format, lints, documents, licences, types of the console
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --locked --no-deps --document-private-items
	@cargo deny --version >/dev/null 2>&1 || { echo 'licences: cargo-deny is missing: cargo install --locked cargo-deny' >&2; exit 1; }
	cargo fetch --locked
	cargo deny --locked --offline check licenses bans sources
	@if command -v shellcheck >/dev/null; then shellcheck $(scripts); else echo 'scripts not linted: shellcheck is missing' >&2; fi
ifeq ($(node),yes)
	@$(MAKE) --silent --no-print-directory web/node_modules/.package-lock.json
	npm --prefix web run --silent check
else
	@echo 'THE CONSOLE WAS NOT CHECKED: Node 20.19 or newer is missing' >&2; [ "$$CI" != true ]
endif

bench: ## measure against the targets, on a Neo4j of its own; takes a while
	@NEO4J_NAME=bench NEO4J_HEAP=$${NEO4J_HEAP:-4g} NEO4J_PAGECACHE=$${NEO4J_PAGECACHE:-2g} \
		scripts/neo4j run cargo bench --locked --bench '*'

neo4j: ## start the test Neo4j; prints its URL for eval
	@scripts/neo4j start

neo4j-stop: ## stop the test Neo4j
	@scripts/neo4j stop

web: ## build the console into web/dist when its sources changed
ifeq ($(node),yes)
	@$(MAKE) --silent --no-print-directory web/dist/index.html
else
	@echo 'no console: Node 20.19 or newer is missing; the API and a plain page are served' >&2
endif

web/node_modules/.package-lock.json: web/package-lock.json
	npm --prefix web ci
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(web_sources)
	npm --prefix web run --silent build
	@touch $@

format: ## rustfmt
	cargo fmt

clean: ## remove build outputs and the demo's store
	cargo clean
	rm -rf web/dist web/node_modules tests/graphql-http/node_modules .demo
