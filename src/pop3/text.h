/* pop3/text.h - the texts of replies, in all languages.
 *
 * Prefix: text_. The English texts of faults are in base/fault.h. The build makes a
 * table from each catalogue in po/ (po/tables.c). If a catalogue lacks a text, the
 * client gets it in English.
 */
#pragma once

#include "base/fault.h"
#include "base/language.h"

/* xgettext reads these tables, and copies the comments that begin with "translators:"
 * into the catalogues. */
/* clang-format off */
#define TEXT_TABLE(X) \
	/* translators: the name of your own language, in itself */ \
	X(LANGUAGE,     "English") \
	X(LANGUAGES,    "language list follows") \
	/* translators: said first in the new language */ \
	X(CHOSEN,       "language changed") \
	X(CAPABILITIES, "capability list follows") \
	X(MECHANISMS,   "mechanisms follow") \
	X(EXTENSIONS,   "extensions follow") \
	/* translators: bulletin boards: folders of messages that several users read */ \
	X(BOARDS,       "boards follow") \
	X(BEGIN_TLS,    "begin TLS negotiation") \
	X(UTF8_ON,      "messages come as they are stored") \
	/* translators: PASS is a command and stays as it is */ \
	X(SEND_PASS,    "send PASS") \
	X(NOTHING_DONE, "nothing done") \
	X(TOP_FOLLOWS,  "top of message follows") \
	/* translators: %u is the message's number */ \
	X(MARKED,       "message %u deleted") \
	X(SIGNING_OFF,  "signing off")

/* Texts with plural forms. %u is the number that chooses the form. %s stands for the
 * text OCTETS, with a number of octets. */
#define TEXT_COUNTED_TABLE(P) \
	P(OCTETS, "%u octet", "%u octets") \
	/* translators: %s is "%u octets" */ \
	P(LISTED, "%u message (%s)", "%u messages (%s)") \
	P(HOLDS,  "maildrop has %u message (%s)", "maildrop has %u messages (%s)") \
	P(LEFT,   "signing off, %u message left", "signing off, %u messages left")
/* clang-format on */

/* The text of a fault has the same number as the fault. */
enum text {
	TEXT_NONE = FAULT_NONE,
#define X(id, code, priority, retry, text) TEXT_FAULT_##id,
	FAULT_TABLE(X)
#undef X
#define X(id, text) TEXT_##id,
		TEXT_TABLE(X)
#undef X
#define P(id, one, many) TEXT_##id,
			TEXT_COUNTED_TABLE(P)
#undef P
				TEXT_COUNT
};

/* Room for "%u octets" with the largest number, in any language. */
enum { TEXT_OCTETS_ROOM = 128 };

/* The texts of one language. */
struct catalogue {
	unsigned (*form)(uint64_t n);  /* the plural form for n: 0 is the first */
	const char *texts[TEXT_COUNT]; /* all forms of a text, one behind the other,
					  each ended by a NUL */
};

/* The build makes all catalogues but the English one. */
#define X(id, tag) extern const struct catalogue catalogue_##id;
LANGUAGE_TABLE(X)
#undef X

/* A text without plural forms. */
const char *text_of(enum language l, enum text id);

/* A text with plural forms, in the form for n. */
const char *text_counted(enum language l, enum text id, uint64_t n);
