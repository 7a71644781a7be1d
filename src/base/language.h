/* base/language.h - the languages of the replies to clients.
 *
 * Prefix: language_. Each language but English has a catalogue po/TAG.po and a line in
 * po/LINGUAS.
 */
#pragma once

#include "base/span.h"

/* Identifier, and the language tag (RFC 5646) that clients and poplar.conf use. English
 * is the first row, and so the default. */
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

/* Find the language for a basic language range (RFC 4647 section 2.1). The range is
 * shortened from its end, one subtag at a time (section 3.4), until it equals a tag of
 * the table or is the beginning of one (section 3.3.1): "DE-at" gives de; "pt" and
 * "pt-PT" give pt-BR. "i-default" means English (RFC 2277 section 4.5). False: no
 * language fits, or `range` is no language range. */
MUST_USE bool language_find(struct span range, enum language *out);
