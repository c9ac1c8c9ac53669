# What people call. Everything else is CMake (CMakePresets.json) and scripts/.
#   make        the release binary, left as ./postern
#   make run    sets up, builds and starts the quickstart gateway in the foreground
#   make tour   the five-minute tour by itself, on free ports, every step asserted
#   make test   sets up, builds and runs everything
#   make bench-check   checks a second, beside openssl s_client and posttls-finger (bench/check)
#   make bench-verdicts   verdicts a second, beside a bare X509_verify_cert (bench/verdicts)
#   make bench-relay   Postern and Postfix as relays, side by side (bench/relay)
#   make check-sanitizers   the unit and dialogue tests under AddressSanitizer and UBSan, and those of
#               modules with threads under ThreadSanitizer (make asan, make tsan: one of them)

SHELL := /bin/bash
JOBS  ?= $(shell nproc)

.PHONY: all setup setup-test run tour test bench-check bench-verdicts bench-relay check-sanitizers asan tsan format clean
all: setup
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build build/release --target postern -j $(JOBS)
	@ln -sf build/release/bin/postern postern

setup:
	@mkdir -p build
	@scripts/setup build

setup-test:
	@mkdir -p build
	@scripts/setup test

run: all
	@examples/quickstart/run

tour: all
	@test/tour/tour.py --postern ./postern

test: setup-test
	@scripts/run-tests

bench-check: setup-test all
	scripts/peers fetch
	POSTERN=$(CURDIR)/postern bench/check/run.py $(BENCH_ARGS)

bench-verdicts: setup-test all
	cmake --preset release -DPOSTERN_BENCH=ON
	cmake --build build/release --target bare_verify -j $(JOBS)
	POSTERN=$(CURDIR)/postern BARE_VERIFY=$(CURDIR)/build/release/bin/bare_verify bench/verdicts/run.py $(BENCH_ARGS)

bench-relay: setup-test all
	scripts/peers fetch
	POSTERN=$(CURDIR)/postern bench/relay/run.py $(BENCH_ARGS)

check-sanitizers: asan tsan

asan: setup-test
	cmake --preset asan
	cmake --build build/asan --target unit_tests -j $(JOBS)
	ctest --test-dir build/asan -R '^unit\.' --output-on-failure -j $(JOBS)

tsan: setup-test
	cmake --preset tsan
	cmake --build build/tsan --target thread_tests -j $(JOBS)
	ctest --test-dir build/tsan -L threads --output-on-failure -j $(JOBS)

format:
	git ls-files '*.h' '*.cc' | xargs clang-format-19 -i

clean:
	rm -rf build postern
