# SPDX-License-Identifier: MIT
#
#   make run [APP=scripts/todo.lua] [PORT=8080]   build and serve an app
#   make test                                     build and run all tests
#   make container-steps                          run the steps of the Dockerfile without an engine, as root
#   make budgets                                  count what a request costs (part of make test)
#   make bench-parts [PART=http|json|engine]      measure the parts alone, templates beside ones compiled to Lua
#   make bench [ARGS="--only hello"]              measure against nginx and Hummingbird
#   make fuzz [ROUNDS=10000000] [TARGET=multipart]   random input for the parsers, optimized (or proxy, forwarded, …)
#   make sanitize [SANITIZER=thread] [MINUTES=3]   the whole server under load, watched for memory errors or races
#   make install [PREFIX=/usr/local] [DESTDIR=]   install the release binary

APP     ?= scripts/hello.lua
PORT    ?=
PREFIX  ?= /usr/local
DESTDIR ?=
SWIFT   ?= swift

# The Swift runtime and libstdc++ are linked in: the binary needs nothing but the C library. That hides the symbols
# of every archive, and C modules of Lua would not find Lua's: so the linker gets Lua as one object file. Both go
# through linker scripts in a folder that is searched first, as zlib does. Exclusivity is checked by the tests (debug builds); at
# run time the checks would cost a request about 5 %. On macOS the runtime is part of the system.
LUA = .build/lua
ifeq ($(shell uname -s),Linux)
RELEASE = -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked -Xlinker --icf=safe \
  -Xswiftc -L$(CURDIR)/$(LUA)
LUA_OBJECT = $(LUA)/liblua5.4.a
else
RELEASE = -c release
LUA_OBJECT =
endif
BINARY = .build/release/luahttpd

# ARGS go to the harness.
ARGS    ?=
ROUNDS  ?= 10000000
TARGET  ?=
FILTER  ?= FuzzTests
SANITIZER ?= address
MINUTES ?= 3

.PHONY: help run test fuzz sanitize check release budgets container-steps bench bench-parts install uninstall format clean \
  dependencies

help:
	@sed -n 's/^#   //p' Makefile

run: release
	@exec "$(BINARY)" $(APP) $(if $(PORT),--port $(PORT))

test: check
	@dev/install-dependencies.sh test
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build
	@$(MAKE) --no-print-directory budgets

# Internal types are tested, so the optimized build keeps them visible; it has a folder of its own.
fuzz: dependencies
	LUAHTTPD_FUZZ_ROUNDS=$(ROUNDS) LUAHTTPD_FUZZ_TARGET="$(TARGET)" $(SWIFT) test -c release \
	  --scratch-path .build-fuzz -Xswiftc -enable-testing --filter $(FILTER)

# A report ends the server with an error, and the load finds it gone. Leaks are not looked for: at the end of the process
# everything that lives as long as it does would be one.
sanitize: dependencies
	$(SWIFT) build --sanitize $(SANITIZER) --product luahttpd --scratch-path .build-$(SANITIZER)
	ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=0 \
	  LUAHTTPD_BINARY=$(CURDIR)/.build-$(SANITIZER)/debug/luahttpd \
	  python3 Benchmarks/Reliability/soak.py --minutes $(MINUTES) --reload 2 --sanitized

# Who may import whom, and what every file carries: seconds, no compiler.
check:
	@dev/check-layout.sh

release: dependencies $(LUA_OBJECT)
	$(SWIFT) build $(RELEASE) --product luahttpd

$(LUA)/liblua5.4.a: Makefile | dependencies
	@mkdir -p $(LUA)
	ld -r -o $(LUA)/lua.o --whole-archive /usr/lib/*/liblua5.4.a
	objcopy --redefine-sym __snprintf_chk=lh_snprintf_chk $(LUA)/lua.o
	@for archive in /usr/lib/gcc/*/*/libstdc++.a; do \
	  [ ! -e "$$archive" ] || echo "INPUT($$archive)" > $(LUA)/libstdc++.so; done
	@for archive in /usr/lib/*/libz.a; do \
	  [ ! -e "$$archive" ] || echo "INPUT($$archive)" > $(LUA)/libz.so; done
	@echo 'INPUT($(CURDIR)/$(LUA)/lua.o)' > $@

dependencies:
	@dev/install-dependencies.sh build

# What a request costs may not grow unnoticed: counted by callgrind, so the load of the machine does not matter.
budgets: release
	@dev/install-dependencies.sh test
	python3 Benchmarks/Budgets/budgets.py $(BINARY)

container-steps: release
	@dev/container-steps.sh

bench-parts: dependencies
	$(SWIFT) run -c release -Xswiftc -enable-testing --package-path Benchmarks/Micro MicroBenchmark $(PART)
	lua5.4 Benchmarks/Micro/resty.lua

bench: release
	@dev/install-dependencies.sh bench
	cd Benchmarks/SideBySide/baseline && $(SWIFT) build -c release
	strip -o .build/luahttpd-stripped $(BINARY)
	python3 Benchmarks/SideBySide/run.py .build/luahttpd-stripped \
	  --hummingbird Benchmarks/SideBySide/baseline/.build/release/baseline $(ARGS)

install: release
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/luahttpd" \
	  "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" \
	  "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	install -s -m 755 "$(BINARY)" "$(DESTDIR)$(PREFIX)/bin/luahttpd"
	install -m 644 docs/luahttpd.lua docs/luahttpd-http.lua docs/luahttpd-json.lua "$(DESTDIR)$(PREFIX)/share/luahttpd/"
	"$(BINARY)" --generate-completion-script bash \
	  > "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/luahttpd"
	"$(BINARY)" --generate-completion-script zsh \
	  > "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_luahttpd"
	"$(BINARY)" --generate-completion-script fish \
	  > "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/luahttpd.fish"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/luahttpd" \
	  "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/luahttpd" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_luahttpd" \
	  "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/luahttpd.fish"
	rm -rf "$(DESTDIR)$(PREFIX)/share/luahttpd"

format:
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Examples

clean:
	rm -rf .build .build-*
