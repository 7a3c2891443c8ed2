# SPDX-License-Identifier: Apache-2.0
# Two commands do everything on a fresh Debian or Ubuntu machine that has Swift: make analyze, make test.

SWIFT ?= swift
PREFIX ?= /usr/local
# Tests see what is `package`, so that they and the tools are one build.
PLAIN = --disable-testable-imports
FMTLAB = .build/release/fmtlab

.PHONY: analyze test test-long bench wheel docs install uninstall notebooks data build setup clean

## Build, and measure a real dot product in e4m3 with an e6m5 accumulator.
analyze: build
	$(FMTLAB) analyze --format e4m3 --acc e6m5

## Run every test, and build a package that depends on this one.
test: setup
	$(SWIFT) test -c release --disable-xctest $(PLAIN)
	Tests/client-package.sh

## The same with the long exhaustive tiers, and the kernels and their threads under the address and thread sanitizers.
test-long: setup
	FMTLAB_EFFORT=long $(SWIFT) test -c release --disable-xctest $(PLAIN)
	for kind in address thread; do \
	  $(SWIFT) test -c release --disable-xctest $(PLAIN) --sanitize=$$kind --scratch-path .build-$$kind \
	    --filter 'MatrixProduct|ArrayRounder|RandomStream' || exit 1; \
	done
	Tests/client-package.sh

## Measure every kernel with every instruction set on one core and on all; a table, and bench.json.
bench: setup
	$(SWIFT) run -c release bench

## Build the wheel of the Python package, .build-wheel/dist/fmtlab-*.whl.
wheel: setup
	Sources/python/build-wheel

## Write the documentation of the library as a site, .build-docs/site.
docs: setup
	@SWIFT="$(SWIFT)" .ci/docs

## Install program, libraries, manual and shell completions under PREFIX (/usr/local); DESTDIR is put before it.
install: setup
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" SWIFT="$(SWIFT)" .ci/install-program

uninstall:
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" .ci/install-program uninstall

## Execute the notebooks, and make a page of each: .build-notebooks/html/index.html.
notebooks: build
	@.ci/install pandoc
	notebooks-cli/build

## Install Fashion-MNIST, which `fmtlab train --data fashion-mnist` reads.
data:
	@.ci/install dataset-fashion-mnist

build: setup
	$(SWIFT) build -c release --product fmtlab

## Install what the build needs and is missing: MPFR, GMP, zlib and pkg-config.
setup:
	@command -v $(SWIFT) >/dev/null || { echo "Swift 6 is missing: install it from swift.org and run make again." >&2; exit 1; }
	@.ci/install libmpfr-dev libgmp-dev zlib1g-dev pkg-config

clean:
	rm -rf .build
