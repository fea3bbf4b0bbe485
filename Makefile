# Everything is built with Go alone. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
FUZZTIME ?= 1m
ROUNDS   ?= 15
DRILLS   ?= 100
RELOADS  ?= 1000
FAULTS   ?= 20
TURN     ?= 1s

# Caddy's own releases leave out these databases of its certificate authority.
TAGS    := nobadger,nomysql,nopgx
LDFLAGS := -s -w -X github.com/caddyserver/caddy/v2.CustomVersion=$(VERSION)

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
CYCLONEDX     := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
OPA           := github.com/open-policy-agent/opa
GOVULNCHECK   := golang.org/x/vuln/cmd/govulncheck@v1.9.0

export GOFLAGS := $(strip $(GOFLAGS) -tags=$(TAGS))

.PHONY: help run build test check vet lint vuln policies kubernetes reference fuzz bench bench-peers bench-scale drill history reloads profile bench-policy clients referee train train-guard policy-report eval-model bench-model xcaddy release clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, and start the gateway and the inference backend
	bin/odordiff up --policies policies

build: ## build bin/odordiff
	@CGO_ENABLED=0 GO="$(GO)" .ci/build -trimpath -buildvcs=false -ldflags "$(LDFLAGS)" -o bin/odordiff ./cmd/odordiff

test: ## install what the tests need, and run them all under the race detector
	@.ci/needs
	@# Not from the cache: test/e2e runs a binary whose sources the cache does not watch.
	CGO_ENABLED=1 GORACE=atexit_sleep_ms=0 .ci/summary $(GO) test -race -count=1 -vet=off -timeout 20m ./...
	@# Without the race detector, which would change what is counted.
	.ci/summary $(GO) test -count=1 -run Budget ./bench

check: vet lint vuln policies ## vet, lint, look for known vulnerabilities, check the policies, fuzz for a moment
	@FUZZTIME=3s .ci/fuzz

vet:
	$(GO) vet ./...

lint:
	$(GO) run $(GOLANGCI_LINT) run

vuln:
	@.ci/vuln $(GO) run $(GOVULNCHECK) ./...

policies: build
	bin/odordiff policy fmt --check policies
	bin/odordiff policy check --covered policies
	bin/odordiff policy fmt --check profiles/chat
	rm -rf bin/chat
	bin/odordiff policy init --profile chat bin/chat
	bin/odordiff policy check --covered bin/chat

kubernetes: ## check deploy/kubernetes with the types of Kubernetes
	cd test/kubernetes && GOFLAGS= $(GO) test ./...

reference: ## write docs/reference from the sources
	$(GO) test -run Pages ./caddymodule/reference -update

fuzz: ## fuzz every target for FUZZTIME (1m)
	@FUZZTIME=$(FUZZTIME) .ci/fuzz

bench: ## measure what each part of the gateway costs beside a plain Caddy, in ROUNDS (15) with a TURN (1s) each
	$(GO) test -run '^$$' -bench Ladder -benchtime $(ROUNDS)x -timeout 60m ./bench -turn $(TURN)
	$(GO) test -run '^$$' -bench 'Steady|LimitsInRedis' -benchtime 5x ./bench -turn $(TURN)
	$(GO) test -run '^$$' -bench 'Streams|Start' -benchtime 3x ./bench
	$(GO) test -run '^$$' -bench Window -benchtime 2s ./bench

bench-scale: ## show how costs grow with limits, bodies, principals and connections
	$(GO) test -run '^$$' -bench 'Scale(Limits|Bodies|Principals)' -benchtime 1s -timeout 20m ./bench
	$(GO) test -run '^$$' -bench ScaleConnections -benchtime 3x ./bench -turn $(TURN)

bench-peers: ## measure gateways of others beside ours, in ROUNDS (15) with a TURN (1s) each
	@GO="$(GO)" .ci/peers
	$(GO) test -run '^$$' -bench Peers -benchtime $(ROUNDS)x -timeout 60m ./bench -turn $(TURN)

profile: ## show by function what a rung of the ladder costs beyond plain Caddy: RUNG=three-limits
	@GO="$(GO)" RUNG="$(RUNG)" .ci/profile

bench-policy: ## measure decisions of the policy, by the size of prompts and the number of rules and terms, and beside a stock OPA
	GOBIN="$(CURDIR)/bin" GOFLAGS= $(GO) install "$(OPA)@$$($(GO) list -m -f '{{.Version}}' $(OPA))"
	$(GO) test -run '^$$' -bench . -benchtime 1s -timeout 20m ./internal/promptpolicy -opa "$(CURDIR)/bin/opa"

drill: ## kill the service DRILLS (100) times and take its disk away: show what was lost, with a folder and with S3
	$(GO) test -count=1 -v -timeout 60m ./test/drill -rounds $(DRILLS)
	$(GO) test -count=1 -v -timeout 60m ./test/drill -rounds $(DRILLS) -target s3

history: ## break FAULTS (20) things in each test while three gateways share a Redis: show that no window overran
	$(GO) test -count=1 -v -timeout 60m ./test/history -rounds $(FAULTS)

reloads: ## load the configuration anew RELOADS (1000) times under load: show what was dropped
	$(GO) test -count=1 -v -timeout 60m -run TestReloadsUnderLoad ./test/e2e -reloads $(RELOADS)

clients: ## show refusals to the clients of others: OpenAI's, for Node.js
	@.ci/needs clients
	$(GO) test -count=1 -tags=$(TAGS),clients -run TestOpenAIsClient ./test/e2e

referee: ## compare the chemistry with RDKit's, on DATA (a table of SMILES) and random molecules
	@DATA="$(DATA)" .ci/referee

train: ## train all models from DATA (a table of SMILES and odor labels) and embed them, the denoiser for STEPS (24000)
	@DATA="$(DATA)" STEPS="$(STEPS)" DESCRIPTIONS="$(DESCRIPTIONS)" .ci/models train

train-guard: ## train the classifier of prompts from the tables in the directory DATA and its own corpus, and embed it
	$(GO) run ./internal/signal/guard/train -data "$(or $(DATA),../shared/data)"

policy-report: ## print what the policies refuse of the committed texts and of the tables in the directory DATA, plain and under evasions
	@$(GO) run ./internal/promptpolicy/report -data "$(or $(DATA),../shared/data)"

eval-model: ## judge what the models generate, beside baselines, with the table DATA
	@DATA="$(DATA)" .ci/models evaluate

bench-model: ## compare the denoiser's speed with PyTorch's
	@DATA="$(DATA)" .ci/models bench

xcaddy: ## build bin/caddy, a Caddy with the gate modules, from xcaddy.toml
	$(GO) run ./cmd/odordiff-build

release: ## build the release of VERSION into bin/release: archives, bills of materials, SHA256SUMS
	@VERSION="$(VERSION)" LDFLAGS="$(LDFLAGS)" CYCLONEDX="$(CYCLONEDX)" .ci/release

clean: ## delete what was built
	rm -rf bin
