/* base/version.h - what this is called.
 *
 * POPLAR_VERSION comes from meson.build.
 */
#pragma once

#ifndef POPLAR_VERSION
#error "POPLAR_VERSION is given by the build"
#endif

/* RFC 2449 section 6.9: no version number, which would only serve an attacker's list.
 */
#define POPLAR_IMPLEMENTATION "Poplar"
