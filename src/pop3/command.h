/* pop3/command.h - the table of commands, and the parser of command lines.
 *
 * Prefix: command_.
 */
#pragma once

#include "base/fault.h"
#include "base/span.h"

/* The states are bits, so that a command can name the set of states in which it is
 * legal. POP3_NAMED is the part of AUTHORIZATION between an accepted USER and its PASS,
 * POP3_FRESH the rest of AUTHORIZATION. */
enum pop3_state {
	POP3_FRESH = 1u << 0,       /* RFC 1939 section 4 */
	POP3_NAMED = 1u << 1,       /* RFC 1939 section 7 */
	POP3_TRANSACTION = 1u << 2, /* RFC 1939 section 5 */
	POP3_UPDATE = 1u << 3,      /* RFC 1939 section 6: no command is legal */
	POP3_AUTHORIZATION = POP3_FRESH | POP3_NAMED,
	POP3_ANY = POP3_AUTHORIZATION | POP3_TRANSACTION,
};

/* Argument grammar. SP is exactly one space (RFC 1939 section 3). */
enum command_args {
	ARGS_NONE,      /* the keyword alone */
	ARGS_WORD,      /* SP word; no space in it */
	ARGS_REST,      /* SP rest of the line; spaces are data (PASS) */
	ARGS_OPT_WORD,  /* [SP word] */
	ARGS_MSG,       /* SP message-number */
	ARGS_OPT_MSG,   /* [SP message-number] */
	ARGS_OPT_TWO,   /* [SP word [SP word]] */
	ARGS_TWO_WORDS, /* SP word SP word */
	ARGS_MSG_LINES, /* SP message-number SP number of lines */
};

/* One row for each command: the states in which it is legal, the grammar of its
 * arguments, the function that carries it out (session_command_fn in pop3/state.h), and
 * the RFC. */
/* clang-format off */
#define COMMAND_TABLE(X) \
	/* name legal in       arguments  handler             source */ \
	X(CAPA, ANY,           NONE,      capa_reply,         "RFC 2449 section 5") \
	X(LANG, ANY,           OPT_WORD,  lang_reply,         "RFC 6856 section 3") \
	X(STLS, AUTHORIZATION, NONE,      authorization_stls, "RFC 2595 section 4") \
	X(UTF8, AUTHORIZATION, NONE,      authorization_utf8, "RFC 6856 section 2.1") \
	X(USER, AUTHORIZATION, WORD,      authorization_user, "RFC 1939 section 7") \
	X(PASS, NAMED,         REST,      authorization_pass, "RFC 1939 section 7") \
	X(APOP, FRESH,         TWO_WORDS, authorization_apop, "RFC 1939 section 7") \
	X(AUTH, AUTHORIZATION, OPT_TWO,   authorization_auth, "RFC 5034 section 4") \
	X(STAT, TRANSACTION,   NONE,      transaction_stat,   "RFC 1939 section 5") \
	X(LIST, TRANSACTION,   OPT_MSG,   transaction_list,   "RFC 1939 section 5") \
	X(UIDL, TRANSACTION,   OPT_MSG,   transaction_list,   "RFC 1939 section 7") \
	X(RETR, TRANSACTION,   MSG,       transaction_fetch,  "RFC 1939 section 5") \
	X(TOP,  TRANSACTION,   MSG_LINES, transaction_fetch,  "RFC 1939 section 7") \
	X(DELE, TRANSACTION,   MSG,       transaction_dele,   "RFC 1939 section 5") \
	X(RSET, TRANSACTION,   NONE,      transaction_rset,   "RFC 1939 section 5") \
	X(NOOP, TRANSACTION,   NONE,      transaction_noop,   "RFC 1939 section 5") \
	X(XTND, ANY,           OPT_TWO,   xtnd_begin,         "draft-rauschenbach-pop3-framework-00") \
	X(QUIT, ANY,           NONE,      transaction_quit,   "RFC 1939 sections 4 and 6")
/* clang-format on */

enum command_id {
#define X(name, ...) COMMAND_##name,
	COMMAND_TABLE(X)
#undef X
		COMMAND_COUNT
};

struct command {
	enum command_id id : 8;
	bool named;     /* a message-number was given */
	uint32_t msg;   /* the message-number; 0: the given number is 0 or too large for
			   any message */
	uint64_t lines; /* of TOP; UINT64_MAX also stands for any larger number */
	struct span word; /* the first word or, with ARGS_REST, the rest of the line;
			     borrows from the line */
	struct span more; /* the second word; at is NULL if there is none */
};

/* Parse one line, without its line end, in the given state. *out is written on success
 * only. The checks come in this order: keyword (FAULT_UNKNOWN_COMMAND), state
 * (FAULT_STATE), arguments (FAULT_SYNTAX). A NUL or CR anywhere in the line counts as a
 * wrong argument. */
MUST_USE enum fault command_parse(struct span line, enum pop3_state state,
				  struct command *out);

const char *command_name(enum command_id id);
unsigned command_states(enum command_id id); /* bits of enum pop3_state */
enum command_args command_args(enum command_id id);
