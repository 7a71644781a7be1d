/* base/version.h - the version, and the name that clients see.
 *
 * POPLAR_VERSION comes from meson.build.
 */
#pragma once

#ifndef POPLAR_VERSION
#error "POPLAR_VERSION is given by the build"
#endif

/* The argument of the capability IMPLEMENTATION (RFC 2449 section 6.9). It has no
 * version number, which would help an attacker to choose a known weakness. */
#define POPLAR_IMPLEMENTATION "Poplar"
