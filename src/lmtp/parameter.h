/* lmtp/parameter.h - the table of parameters of MAIL, and their parser.
 *
 * Prefix: parameter_. RFC 5321 section 4.1.2. RCPT has none: DSN (RFC 3461) is not
 * offered, because a server that offers it must write the notices that a sender asks
 * for with NOTIFY=SUCCESS. If the server does not offer DSN, the client writes them.
 */
#pragma once

#include "lmtp/reply.h"

/* One row for each parameter: keyword, function that takes its value, and RFC. */
/* clang-format off */
#define PARAMETER_TABLE(X) \
	X(SIZE,     take_size, "RFC 1870 section 4") \
	X(BODY,     take_body, "RFC 6152 section 2") \
	X(SMTPUTF8, take_utf8, "RFC 6531 section 3.4")
/* clang-format on */

struct parameters {
	bool utf8;       /* SMTPUTF8 was given */
	uint64_t octets; /* SIZE=, 0 if it is missing; UINT64_MAX also stands for any
			    larger number */
};

/* Parse the text behind the path: nothing, or a space and parameters. Returns
 * LMTP_REPLY_NONE, or the reply that refuses the command. */
MUST_USE enum lmtp_reply parameter_parse(struct span text, struct parameters *out);

/* The same for RCPT: any parameter is refused. */
MUST_USE enum lmtp_reply parameter_parse_none(struct span text);
