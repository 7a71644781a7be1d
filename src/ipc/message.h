/* ipc/message.h - what the processes may say to each other.
 *
 * Prefix: message_.
 *
 * One row per message: name, who may send it, who may receive it, and the kind of
 * descriptor that travels with it. Its fields stand in MESSAGE_<name>_FIELDS: N(name)
 * is a number, T(name, max) a run of at most max octets. Structs, encoder, decoder and
 * tests are generated from these; a message that its receiver may not get from its
 * sender does not decode. Identity never travels from the front to anyone but as a
 * claim that AUTH_ASK must prove, or in the ticket that poplar-auth has sealed.
 */
#pragma once

#include "base/fault.h"
#include "base/roles.h"
#include "base/span.h"

/* clang-format off */
#define MESSAGE_TABLE(X) \
	/* name          from           to                       descriptor */ \
	/* start: the parent makes a child what it is */ \
	X(SETTINGS,      PARENT,        FRONT | AUTH | DROP | LOOKUP, NONE) \
	X(DATABASE,      PARENT,        AUTH | LOOKUP,           NONE)    \
	X(BOARD,         PARENT,        AUTH,                    NONE)    \
	X(SECRET,        PARENT,        LOOKUP,                  FILE)    \
	X(LISTENER,      PARENT,        FRONT,                   SOCKET)  \
	X(TLS_FILES,     PARENT,        FRONT,                   FILE)    \
	X(TICKET_KEYS,   PARENT,        FRONT,                   NONE)    \
	X(CONNLIMIT,        PARENT,        FRONT,                   FILE)    \
	X(DIRECTORY,     PARENT,        AUTH | DROP | LOOKUP,    FILE)    \
	X(AUTH_LINK,     PARENT,        FRONT | DROP | LOOKUP,   SOCKET)  \
	X(FRONT_LINK,    PARENT,        AUTH,                    SOCKET)  \
	X(DROP_LINK,     PARENT,        AUTH,                    SOCKET)  \
	X(LOOKUP_LINK,   PARENT,        AUTH,                    SOCKET)  \
	X(GO,            PARENT,        FRONT | AUTH | DROP | LOOKUP, NONE) \
	X(SANDBOXED,     FRONT | AUTH | DROP | LOOKUP, PARENT,   NONE)    \
	/* later */ \
	X(DROP_WANTED,   AUTH,          PARENT,                  NONE)    \
	X(DROP_REFUSED,  PARENT,        AUTH,                    NONE)    \
	X(IDLE,          DROP,          PARENT,                  NONE)    \
	X(DROP_LEAVES,   PARENT,        AUTH,                    NONE)    \
	X(DROP_LATE,     PARENT,        AUTH,                    NONE)    \
	X(LOOKUP_BROKEN, AUTH,          PARENT,                  NONE)    \
	X(FRONT_BROKEN,  AUTH,          PARENT,                  NONE)    \
	X(DRAIN,         PARENT,        FRONT | AUTH | DROP | LOOKUP, NONE) \
	X(STOP,          PARENT,        FRONT,                   NONE)    \
	X(CONTROL,       PARENT,        AUTH,                    SOCKET)  \
	/* the operator's tool, on a socket of its own */ \
	X(TEST_ASK,      TOOL,          AUTH,                    NONE)    \
	X(TEST_LOOKS,    AUTH,          TOOL,                    NONE)    \
	X(TEST_SAYS,     AUTH,          TOOL,                    NONE)    \
	X(TEST_IS,       AUTH,          TOOL,                    NONE)    \
	X(TEST_DROP,     AUTH,          TOOL,                    SOCKET)  \
	X(FIND_ASK,      TOOL,          AUTH,                    NONE)    \
	X(FIND_IS,       AUTH,          TOOL,                    NONE)    \
	/* a login */ \
	X(AUTH_ASK,      FRONT,         AUTH,                    NONE)    \
	X(AUTH_WHICH,    FRONT,         AUTH,                    NONE)    \
	X(AUTH_OFFERS,   AUTH,          FRONT,                   NONE)    \
	X(AUTH_MORE,     AUTH,          FRONT,                   NONE)    \
	X(AUTH_LATER,    AUTH,          FRONT,                   NONE)    \
	X(AUTH_NEXT,     FRONT,         AUTH,                    NONE)    \
	X(AUTH_CANCEL,   FRONT,         AUTH,                    NONE)    \
	X(AUTH_OK,       AUTH,          FRONT,                   SOCKET)  \
	X(AUTH_FAILED,   AUTH,          FRONT,                   NONE)    \
	X(BOARD_ASK,     FRONT,         AUTH,                    NONE)    \
	X(BOARD_OK,      AUTH,          FRONT,                   SOCKET)  \
	X(BOARD_FAILED,  AUTH,          FRONT,                   NONE)    \
	X(LOOKUP_ASK,    AUTH,          LOOKUP,                  NONE)    \
	X(LOOKUP_IS,     LOOKUP,        AUTH,                    NONE)    \
	X(GRANT,         AUTH,          DROP,                    SOCKET)  \
	/* a session, on its own socket */ \
	X(READY,         DROP,          FRONT,                   FILE)    \
	X(FAILED,        DROP,          FRONT,                   NONE)    \
	X(BODIES,        FRONT,         DROP,                    NONE)    \
	X(BODIES_ARE,    DROP,          FRONT,                   FILES)   \
	X(DOUBT,         FRONT,         DROP,                    NONE)    \
	X(WARM,          FRONT,         DROP,                    FILE)    \
	X(WARMED,        DROP,          FRONT,                   NONE)    \
	X(COPY,          FRONT,         DROP,                    NONE)    \
	X(COPIED,        DROP,          FRONT,                   FILE)    \
	X(MARKS,         FRONT,         DROP,                    NONE)    \
	X(COMMIT,        FRONT,         DROP,                    NONE)    \
	X(DONE,          DROP,          FRONT,                   NONE)

#define MESSAGE_SETTINGS_FIELDS(N, T)     T(values, 16384)
#define MESSAGE_DATABASE_FIELDS(N, T)     T(name, 64) T(values, 16000)
#define MESSAGE_BOARD_FIELDS(N, T)        T(name, 64) T(values, 16000)
#define MESSAGE_SECRET_FIELDS(N, T)
#define MESSAGE_LISTENER_FIELDS(N, T)     N(tls)
#define MESSAGE_TLS_FILES_FIELDS(N, T)
#define MESSAGE_TICKET_KEYS_FIELDS(N, T)  T(now, 80) T(before, 80)
#define MESSAGE_CONNLIMIT_FIELDS(N, T)       N(column)
#define MESSAGE_DIRECTORY_FIELDS(N, T)
#define MESSAGE_AUTH_LINK_FIELDS(N, T)
#define MESSAGE_FRONT_LINK_FIELDS(N, T)   N(number)
#define MESSAGE_DROP_LINK_FIELDS(N, T)    N(uid) N(gid) N(standard)
#define MESSAGE_LOOKUP_LINK_FIELDS(N, T)  N(database) N(number)
#define MESSAGE_GO_FIELDS(N, T)
#define MESSAGE_SANDBOXED_FIELDS(N, T)    N(landlock) N(sandbox) T(rules, 1024)
#define MESSAGE_DROP_WANTED_FIELDS(N, T)  N(uid) N(gid)
#define MESSAGE_DROP_REFUSED_FIELDS(N, T) N(uid) N(gid)
#define MESSAGE_IDLE_FIELDS(N, T)
#define MESSAGE_DROP_LEAVES_FIELDS(N, T)  N(uid) N(gid)
#define MESSAGE_DROP_LATE_FIELDS(N, T)    N(uid) N(gid)
#define MESSAGE_LOOKUP_BROKEN_FIELDS(N, T) N(number)
#define MESSAGE_FRONT_BROKEN_FIELDS(N, T) N(number)
#define MESSAGE_DRAIN_FIELDS(N, T)
#define MESSAGE_STOP_FIELDS(N, T)
#define MESSAGE_AUTH_WHICH_FIELDS(N, T)
#define MESSAGE_AUTH_OFFERS_FIELDS(N, T)  N(mechanisms)
#define MESSAGE_AUTH_ASK_FIELDS(N, T)     N(id) N(exchange) N(waited) N(tls) N(mechanism) N(has_response) T(peer, 64) \
	T(user, 255) T(response, 12288) T(exporter, 64) T(unique, 64) T(certificate, 255) T(timestamp, 128)
#define MESSAGE_AUTH_MORE_FIELDS(N, T)    N(id) N(exchange) T(challenge, 4096)
#define MESSAGE_AUTH_LATER_FIELDS(N, T)   N(id) N(exchange) N(delay_ms)
#define MESSAGE_AUTH_NEXT_FIELDS(N, T)    N(id) N(exchange) N(waited) T(response, 12288)
#define MESSAGE_AUTH_CANCEL_FIELDS(N, T)  N(id) N(exchange)
#define MESSAGE_AUTH_OK_FIELDS(N, T)      N(id) T(user, 255) T(ticket, 4608)
#define MESSAGE_AUTH_FAILED_FIELDS(N, T)  N(id) N(fault) N(delay_ms) T(user, 255)
#define MESSAGE_BOARD_ASK_FIELDS(N, T)    N(id) N(board) N(number) T(name, 255) T(ticket, 4608)
#define MESSAGE_BOARD_OK_FIELDS(N, T)     N(id) T(name, 255)
#define MESSAGE_BOARD_FAILED_FIELDS(N, T) N(id) N(fault)
#define MESSAGE_CONTROL_FIELDS(N, T)
#define MESSAGE_TEST_ASK_FIELDS(N, T)     N(tls) N(mechanism) T(peer, 64) T(user, 255) T(password, 255)
#define MESSAGE_TEST_LOOKS_FIELDS(N, T)   T(user, 255)
#define MESSAGE_TEST_SAYS_FIELDS(N, T)    T(database, 64) N(says) T(trouble, 191)
#define MESSAGE_TEST_IS_FIELDS(N, T)      N(fault) T(trouble, 191) T(user, 255) T(path, 4096) N(has_uid) N(uid)
#define MESSAGE_TEST_DROP_FIELDS(N, T)
#define MESSAGE_FIND_ASK_FIELDS(N, T)     T(user, 255)
#define MESSAGE_FIND_IS_FIELDS(N, T)      N(fault) T(trouble, 191) T(path, 4096) N(login_delay) N(unread) N(retrieved)
#define MESSAGE_LOOKUP_ASK_FIELDS(N, T)   N(judge) T(peer, 64) T(user, 255) T(password, 8192)
#define MESSAGE_LOOKUP_IS_FIELDS(N, T)    N(says) N(unfit) T(trouble, 191) T(fields, 8192)
#define MESSAGE_GRANT_FIELDS(N, T)        N(read_only) N(as_is) N(is_board) N(again) N(login_delay) N(unread) N(retrieved) T(user, 255) T(path, 4096) \
	T(peer, 64)
#define MESSAGE_READY_FIELDS(N, T)        N(count) N(octets) N(read_only) N(login_delay) N(expire) N(retrieval) N(generation) \
	N(ascii_octets) N(downgrade) N(given) N(window) N(maxima) T(gaps, 3840)
#define MESSAGE_FAILED_FIELDS(N, T)       N(fault)
#define MESSAGE_BODIES_FIELDS(N, T)       N(first) N(count)
#define MESSAGE_BODIES_ARE_FIELDS(N, T)   T(list, MESSAGE_BODIES_MAX * sizeof(struct message_body))
#define MESSAGE_DOUBT_FIELDS(N, T)
#define MESSAGE_WARM_FIELDS(N, T)         N(offset) N(length)
#define MESSAGE_WARMED_FIELDS(N, T)
#define MESSAGE_COPY_FIELDS(N, T)         N(message) N(offset)
#define MESSAGE_COPIED_FIELDS(N, T)       N(given) N(octets)
#define MESSAGE_MARKS_FIELDS(N, T)        N(first) T(bits, 4096)
#define MESSAGE_COMMIT_FIELDS(N, T)       N(marked) N(retrieved)
#define MESSAGE_DONE_FIELDS(N, T)         N(left) N(octets) N(ascii_octets)
/* clang-format on */

enum message_kind {
#define X(name, from, to, fd) MESSAGE_##name,
	MESSAGE_TABLE(X)
#undef X
		MESSAGE_COUNT
};

enum message_fd {
	MESSAGE_FD_NONE,
	MESSAGE_FD_FILE,
	MESSAGE_FD_SOCKET,
	MESSAGE_FD_FILES, /* none or several */
};

/* BODIES_ARE has so many of these at most, one for each message that was asked for, and
 * with it a file for each that has no fault, in order. */
enum { MESSAGE_BODIES_MAX = 16 };
struct message_body {
	uint64_t fault, offset, length;
	uint64_t form, octets;            /* as enum wire_form says; as listed */
	uint64_t surrogate, ascii_octets; /* enum surrogate; with that */
	uint64_t given, window;           /* enum message_given; octets of a window */
};

/* What a descriptor gives of a file to a process that must not wait for file systems.
 * What is missing of a window is asked for by COPY, of which message 0 is the listing.
 */
enum message_given {
	MESSAGE_GIVEN_FILE,   /* the file, whose pages can be asked for */
	MESSAGE_GIVEN_MEMORY, /* the file, which is in memory */
	MESSAGE_GIVEN_WINDOW, /* memory that holds a copy of some of its octets, or all
			       */
	MESSAGE_GIVEN_COUNT
};

/* WARM asks for so many octets at most. */
enum { MESSAGE_WARM_MAX = 4 << 20 };

/* One struct per message: struct message_ready { uint64_t count, octets; } and so on.
 */
#define MESSAGE_FIELD_NUMBER(name)    uint64_t name;
#define MESSAGE_FIELD_TEXT(name, max) struct span name;
#define X(name, from, to, fd)                                                          \
	struct message_##name {                                                        \
		MESSAGE_##name##_FIELDS(MESSAGE_FIELD_NUMBER, MESSAGE_FIELD_TEXT)      \
	};
MESSAGE_TABLE(X)
#undef X

struct message {
	enum message_kind kind;
	union {
#define X(name, from, to, fd) struct message_##name name;
		MESSAGE_TABLE(X)
#undef X
	};
};

/* Larger than any message: kind, numbers of eight octets, runs with four of length. */
enum { MESSAGE_OCTETS_MAX = 16384 + 64 };

/* The name of the first field of m that is over its maximum; NULL: none is. */
const char *message_over(const struct message *m);

/* Encode into `room` octets; returns the octets written, 0 when a run is over its
 * maximum or the room too small. */
MUST_USE size_t message_encode(const struct message *m, char *out, size_t room);

/* Decode all of `in`, which `from` sent to `to` with (has_fd) or without a descriptor.
 * Runs in *out are borrowed from `in`. FAULT_PEER, and *out untouched, when it is no
 * message, is not legal between these two, or has octets missing or left over. */
MUST_USE enum fault message_decode(struct span in, enum role from, enum role to,
				   bool has_fd, struct message *out);

const char *message_name(enum message_kind kind);
unsigned message_from(enum message_kind kind); /* bits: 1 << enum role */
unsigned message_to(enum message_kind kind);
enum message_fd message_fd(enum message_kind kind);
