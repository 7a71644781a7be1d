/* lmtp/command.h - the table of commands, and the parser of command lines.
 *
 * Prefix: lmtp_command_. RFC 2033, RFC 5321 section 4.1.
 */
#pragma once

#include "lmtp/parameter.h"
#include "lmtp/path.h"
#include "lmtp/reply.h"

/* The states are bits, so that a command can name the set of states in which it is
 * legal. */
enum lmtp_state {
	LMTP_FRESH = 1u << 0,  /* the client has not said LHLO */
	LMTP_READY = 1u << 1,  /* it has; no transaction is open */
	LMTP_MAIL = 1u << 2,   /* MAIL was accepted, and no recipient yet */
	LMTP_RCPT = 1u << 3,   /* at least one recipient was accepted */
	LMTP_CHUNKS = 1u << 4, /* the first chunk of BDAT has come; not the last one */
	LMTP_OPEN = LMTP_MAIL | LMTP_RCPT,
	LMTP_GREETED = LMTP_FRESH | LMTP_READY,
	LMTP_ANY = LMTP_GREETED | LMTP_OPEN | LMTP_CHUNKS,
};

/* Argument grammar. The parser ignores spaces and tabs at the end of a line (RFC 5321
 * section 4.1.1). */
enum lmtp_args {
	LMTP_ARGS_NONE,   /* the keyword alone */
	LMTP_ARGS_NAME,   /* SP name of the client; no space in it */
	LMTP_ARGS_OPTION, /* [SP rest of the line] */
	LMTP_ARGS_REST,   /* SP rest of the line */
	LMTP_ARGS_FROM,   /* SP "FROM:" path, parameters */
	LMTP_ARGS_TO,     /* SP "TO:" path, parameters */
	LMTP_ARGS_CHUNK,  /* SP number of octets [SP "LAST"] */
};

/* One row for each command: the states in which it is legal, the grammar of its
 * arguments, the function that carries it out (lmtp_command_fn in lmtp/state.h), and
 * the RFC. BDAT is legal everywhere: its chunk follows the line whatever the reply. */
/* clang-format off */
#define LMTP_COMMAND_TABLE(X) \
	/* name    legal in arguments handler        source */ \
	X(LHLO,     ANY,     NAME,   greeting_lhlo,     "RFC 2033 section 4.1") \
	X(STARTTLS, GREETED, NONE,   greeting_starttls, "RFC 3207 section 4") \
	X(MAIL,     READY,   FROM,   envelope_mail,     "RFC 5321 section 4.1.1.2") \
	X(RCPT,     OPEN,    TO,     envelope_rcpt,     "RFC 5321 section 4.1.1.3") \
	X(DATA,     RCPT,    NONE,   delivery_data,     "RFC 2033 section 4.2") \
	X(BDAT,     ANY,     CHUNK,  delivery_bdat,     "RFC 3030 section 2") \
	X(RSET,     ANY,     NONE,   envelope_rset,     "RFC 5321 section 4.1.1.5") \
	X(NOOP,     ANY,     OPTION, greeting_noop,     "RFC 5321 section 4.1.1.9") \
	X(VRFY,     ANY,     REST,   greeting_vrfy,     "RFC 5321 section 3.5.3") \
	X(HELP,     ANY,     OPTION, greeting_help,     "RFC 5321 section 4.1.1.8") \
	X(QUIT,     ANY,     NONE,   greeting_quit,     "RFC 5321 section 4.1.1.10")
/* clang-format on */

enum lmtp_command_id {
#define X(name, ...) LMTP_COMMAND_##name,
	LMTP_COMMAND_TABLE(X)
#undef X
		LMTP_COMMAND_COUNT
};

struct lmtp_command {
	enum lmtp_command_id id;      /* LMTP_COMMAND_COUNT: the keyword is unknown */
	uint64_t octets;              /* BDAT: of the chunk */
	bool last;                    /* BDAT: this chunk is the last one */
	struct path path;             /* MAIL and RCPT */
	struct parameters parameters; /* MAIL */
	struct span word; /* the argument of any other command; borrows from the line */
};

/* Parse one line, without its line end, in the given state. Returns LMTP_REPLY_NONE, or
 * the reply that refuses the line. The checks come in this order: NUL, CR or LF in the
 * line, keyword, state, arguments. *out is complete after LMTP_REPLY_NONE; out->id is
 * set even if the line is refused. */
MUST_USE enum lmtp_reply lmtp_command_parse(struct span line, enum lmtp_state state,
					    struct lmtp_command *out);

const char *lmtp_command_name(enum lmtp_command_id id);
unsigned lmtp_command_states(enum lmtp_command_id id); /* bits of enum lmtp_state */
enum lmtp_args lmtp_command_args(enum lmtp_command_id id);
