/* base/language.h - the languages in which a client may be answered.
 *
 * Prefix: language_. For each row but English there is a catalogue
 * po/TAG.po, named in po/LINGUAS too.
 */
#pragma once

#include "base/span.h"

/* Identifier, and the tag of RFC 5646 by which clients and poplar.conf name it. English
 * is the first: it is what is spoken until a client asks for another. */
/* clang-format off */
#define LANGUAGE_TABLE(X) \
	X(en, "en") \
	X(de, "de") \
	X(fr, "fr") \
	X(es, "es") \
	X(pt_BR, "pt-BR") \
	X(ja, "ja") \
	X(zh_Hans, "zh-Hans") \
	X(ar, "ar")
/* clang-format on */

enum language {
#define X(id, tag) LANGUAGE_##id,
	LANGUAGE_TABLE(X)
#undef X
		LANGUAGE_COUNT
};

const char *language_tag(enum language l);

/* The language that a basic language range (RFC 4647 section 2.1) looks up: cut from
 * its end, subtag by subtag (section 3.4), until it is a tag or matches one
 * (section 3.3.1): de for "DE-at", pt-BR for "pt" and "pt-PT". English is i-default,
 * too (RFC 2277 section 4.5). False: none, or it is no range. */
MUST_USE bool language_find(struct span range, enum language *out);
