/* base/uidformat.h - parses the setting uidl-format: how unique-ids are made.
 *
 * Prefix: uidformat_. A format is a text with variables, in the spelling of Dovecot's
 * pop3_uidl_format: "%08Xu%08Xv" (2.3) or "%{uid | hex(8)}%{uidvalidity | hex(8)}"
 * (2.4); or one of the names courier, cyrus, tpop3d and basename. Variables:
 *
 *	%u  %{uid}          the number of the message in its maildrop
 *	%v  %{uidvalidity}  a number of the maildrop
 *	%f  %{filename}     the base name of the message's file
 *	%g  %{guid}         the same in a Maildir
 *	%m  %{md5}          a sum over lines of the header
 *
 * 2.3: a width comes before the modifiers, as in "%08Xu"; with a zero in front it pads,
 * otherwise it cuts. Modifiers: X hexadecimal, in lower case as Dovecot writes it; M
 * the MD5 sum in hexadecimal; L and U, lower and upper case. 2.4: the same as | hex(N),
 * which pads and keeps the last N digits, | md5, | lower and | upper. "%%" is a percent
 * sign.
 */
#pragma once

#include "base/span.h"

enum {
	UIDFORMAT_TEXT_MAX = 128, /* octets of a format, and a NUL */
	UIDFORMAT_PIECES_MAX = 16,
	UIDFORMAT_STEPS_MAX = 4,
	UIDFORMAT_WIDTH_MAX = 256,
};

enum uidformat_variable {
	UIDFORMAT_LITERAL,
	UIDFORMAT_UID,
	UIDFORMAT_VALIDITY,
	UIDFORMAT_FILENAME,
	UIDFORMAT_GUID,
	UIDFORMAT_MD5,
	UIDFORMAT_VARIABLES,
};

/* What is done to the value of a variable. */
enum uidformat_step {
	UIDFORMAT_HEX,
	UIDFORMAT_SUM,
	UIDFORMAT_LOWER,
	UIDFORMAT_UPPER,
	UIDFORMAT_LAST, /* pad and keep the last `width` octets */
};

struct uidformat_piece {
	uint8_t what; /* enum uidformat_variable */
	uint8_t step_count;
	uint8_t steps[UIDFORMAT_STEPS_MAX]; /* enum uidformat_step */
	uint8_t width;                      /* 0: all */
	bool pads;                          /* with zeros, up to the width */
	uint8_t at, len;                    /* UIDFORMAT_LITERAL: octets of text */
};

struct uidformat {
	uint64_t sum; /* of the text, never 0; 0: base names, as without a format */
	bool has[UIDFORMAT_VARIABLES];
	uint8_t count;
	struct uidformat_piece pieces[UIDFORMAT_PIECES_MAX];
	char text[UIDFORMAT_TEXT_MAX];
};

/* Parse a format. False: *out_wrong is a text that says what is wrong with it. */
MUST_USE bool uidformat_parse(struct span text, struct uidformat *out,
			      const char **out_wrong);

/* Parse a format that uidformat_parse has taken before. An empty text, as boards have
 * it, is that of the base names. False: it is none. */
MUST_USE bool uidformat_take(struct span text, struct uidformat *out);
