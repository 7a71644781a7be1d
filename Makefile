# Poplar: two commands to try it, one to install it. The build itself is Meson's.

prefix  ?= /usr/local
DESTDIR ?=

.PHONY: run test install uninstall clean

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
	@tools/configure build-install -Dbuildtype=release
	@meson configure build-install -Dprefix=$(prefix)
	@ninja -C build-install
	DESTDIR="$(DESTDIR)" meson install -C build-install --no-rebuild

uninstall:
	ninja -C build-install uninstall

clean:
	rm -rf build build-clang build-asan build-fuzz build-install demo
