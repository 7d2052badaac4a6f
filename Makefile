# The commands of README.md. A fresh machine needs Go, Node with npm, and make.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build run demo test flood check lint bench pictures reset

DATA ?= data
VENDOR := web/assets/vendor/.lock
BINARIES := build/issuer build/verifier build/wallet-sim

help: ## what there is to say after make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

# The design system's styles and font, from npm by the lock file, into a folder that git ignores and Go embeds.
$(VENDOR): web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent assets
	@touch $@

# Implementations that are not ours, for tests alone.
FOREIGN := wallet-sim/testdata/foreign/node_modules/.lock

$(FOREIGN): wallet-sim/testdata/foreign/package.json wallet-sim/testdata/foreign/package-lock.json
	cd wallet-sim/testdata/foreign && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build: $(VENDOR) ## the three programs, under build/
	@mkdir -p build
	go build -o build/ ./issuer ./verifier ./wallet-sim

run: build ## starts issuer, verifier and wallet simulator; Ctrl-C stops all (TLS=1 for https)
	@build/wallet-sim up --data $(DATA) $(if $(TLS),--tls)

demo: build ## the whole journey without a person, a tick a step
	@build/wallet-sim demo

test: $(VENDOR) $(FOREIGN) ## all tests; says which suites were left out
	@if [ -z "$$TEST_POSTGRES" ]; then echo "left out: the stores on PostgreSQL (set TEST_POSTGRES to a server's address, e.g. postgres://postgres@localhost/postgres)"; fi
	@if ! command -v chromium >/dev/null; then echo "left out: the pages in a browser (install chromium)"; fi
	@if [ ! -e /usr/lib/softhsm/libsofthsm2.so ]; then echo "left out: keys in a token (install softhsm2 and gcc)"; fi
	go test -timeout 10m ./...
	@if [ -e /usr/lib/softhsm/libsofthsm2.so ]; then go test -tags pkcs11 -run 'Token|Thirty' ./internal/keys ./issuer/server; fi

flood: $(VENDOR) ## ten thousand clients at the login at once, with nothing beside them
	FLOOD=1 go test -count=1 -v -run TenThousand ./issuer

check: lint ## format, vet, lint, generated files, module tidiness
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not formatted:"; echo "$$out"; exit 1; fi
	go vet ./...
	go mod tidy -diff
	go mod verify

build/golangci-lint: tools/go.mod tools/go.sum
	cd tools && go build -o ../build/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

lint: build/golangci-lint
	build/golangci-lint run

bench: ## CPU time beside the floor measured in the same run
	go test -p 1 -timeout 30m -run '^$$' -bench Ratio -benchtime 1x ./specs/... ./issuer/... ./verifier/... | grep --line-buffered '^ratio'

pictures: $(VENDOR) ## every page as a PNG, light and dark, 320 and 1280 wide, under build/pictures
	PICTURES=$(CURDIR)/build/pictures go test -count=1 -run InABrowser ./web/... ./minid/login/... ./issuer/... ./verifier/... ./wallet-sim/...

reset: ## empties the development data and says what it deleted
	@if [ -d "$(DATA)" ]; then find "$(DATA)" -type f | sort | sed 's/^/deleted /'; rm -rf "$(DATA)"; else echo "nothing to delete: $(DATA) is not there"; fi
