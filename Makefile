# Every target says what it does in a `## comment`, which is what `make` prints.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run build test soak generate lint bench bench-live web clients clean prerequisites

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sort | awk -F ':.*## ' '{printf "make %-13s %s\n", $$1, $$2}'

run: web ## build what changed and serve; ARGS="--listen :9000" adds flags
	go run ./cmd/dealflow serve $(ARGS)

build: web ## build the program as bin/dealflow
	go build -o bin/dealflow ./cmd/dealflow

test: prerequisites web web-test clients ## run every test, with the race detector, on SQLite and Postgres
	go run ./internal/testdb/withpostgres -- go test -race -timeout 15m ./...

# For half of the time the servers wake each other over Postgres, and over NATS for
# the other half.
MINUTES := 10
soak: ## let servers, Postgres and NATS fail while clients watch; MINUTES=60 for longer
	DEALFLOW_SOAK=$(MINUTES)m go test -race -count=1 -v -timeout 0 -run '^TestFaults$$' ./cmd/dealflow

bench: ## measure requests beside a hand-written floor; ARGS="-work w1,w4 -clients 1,16" and others
	go run ./internal/testdb/withpostgres -- go run ./bench $(ARGS)

bench-live: ## measure subscriptions; ARGS="-subscribers 1000 -database postgres" and others
	go run ./internal/testdb/withpostgres -- go run ./bench/live $(ARGS)

generate: ## make the generated code anew (ent/ and graph/generated)
	go generate ./...

# What Postgres, a browser and Node are for is in the script.
prerequisites:
	@.ci/install

# The web pages. They are built into the program, which does without them where
# there is no npm. Make itself knows when they are out of date.

pages := web/dist/playground/index.html
modules := web/node_modules/.package-lock.json
sources := $(shell find web -name node_modules -prune -o -name dist -prune -o -type f ! -name '*.go' ! -name '.*' -print)

.PHONY: web-test
ifneq ($(shell command -v npm),)

web: $(pages) ## build the playground and the board into web/dist

$(pages): $(modules) $(sources)
	npm --prefix web run build
	@touch -c $@

$(modules): web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	@touch $@

web-test: web
	npm --prefix web run test --if-present

# What tests try the server with: other people's clients, and the audits of the
# specification. Their packages are many, and nothing that is served has them.
clients: web web/clients/node_modules/.package-lock.json ## install the clients that tests use

web/clients/node_modules/.package-lock.json: web/clients/package-lock.json
	npm --prefix web/clients ci --no-audit --no-fund
	@touch $@

else

web web-test clients:
	@echo "npm is not here: going on without the playground and the board"

endif

# The linter is a module of its own, so that its hundreds of dependencies stay
# out of the program's. It takes minutes to build, once for each version.

lint: bin/golangci-lint ## check formatting, vet, and run the linters of .golangci.yml
	@unformatted=$$(find . -name node_modules -prune -o -name '*.go' -print0 | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not formatted; run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	bin/golangci-lint run ./...

bin/golangci-lint: tools/go.mod tools/go.sum
	go -C tools build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

clean: ## remove what the other targets made
	rm -rf bin web/node_modules
	find web/dist -mindepth 1 ! -name .gitkeep -delete
	go clean -testcache
