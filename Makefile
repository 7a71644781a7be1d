# Poplar: two commands to try it, one to install it. The build itself is Meson's.

prefix  ?= /usr/local
DESTDIR ?=

# Where `make install` builds.
install_folder = build-install

.PHONY: run test install configure-install uninstall clean

# Build, make a demo maildrop under demo/, serve it on loopback ports above 1024.
run:
	@tools/prepare build
	@tools/demo

# Build with gcc and clang, then every check and test there is.
test:
	@tools/prepare build test
	@tools/test

install:
	@tools/prepare build
	@$(MAKE) -s configure-install
	@ninja -C $(install_folder)
	DESTDIR="$(DESTDIR)" meson install -C $(install_folder) --no-rebuild

configure-install:
	@tools/configure $(install_folder) -Dbuildtype=release
	@# A new prefix would take sysconfdir back to its default below the prefix.
	@meson configure $(install_folder) -Dprefix=$(prefix) -Dsysconfdir=/etc

uninstall:
	ninja -C $(install_folder) uninstall

clean:
	rm -rf build build-clang build-asan build-fuzz build-install demo
