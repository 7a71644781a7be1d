/* ipc/message.h - the messages between processes, as one table.
 *
 * Prefix: message_.
 *
 * A row has a message's name, its senders, its receivers, the kind of descriptor that
 * is sent with it, when it is legal, and its purpose. MESSAGE_<name>_FIELDS has its
 * fields: N(name) is a number, T(name, max) a text of at most max octets. Structs,
 * encoder, decoder and tests are generated from these. The decoder accepts a message
 * only from a sender, and in a receiver, that its row names. Each receiver lists a
 * handler for each of its messages, and the compiler compares that list with this table
 * (ipc/dispatch.h).
 *
 * The position of a row is the message's number on a channel: a new row in the middle
 * renumbers those behind it. That is safe, because poplard starts its children from the
 * files that it was installed with, so all executables are of one build.
 *
 * Who holds the socket of GRANT_DELIVERY may add one message to that maildrop, and can
 * neither read nor remove any.
 *
 * No message from poplar-front says who a client is: AUTH_ASK has a claimed name, which
 * poplar-auth checks, and BOARD_ASK has the board ticket that poplar-auth has sealed.
 */
#pragma once

#include "base/fault.h"
#include "base/roles.h"
#include "base/span.h"

/* When a message is legal, in the sequence of messages from one sender on one channel.
 * The table has sums of these. */
enum message_when {
	MESSAGE_EARLY = 1, /* legal before the message with MESSAGE_STARTS */
	MESSAGE_LATE = 2,  /* legal after that message */
	MESSAGE_ANY = MESSAGE_EARLY | MESSAGE_LATE,
	MESSAGE_ONCE = 4,   /* at most once */
	MESSAGE_STARTS = 8, /* from this message on, MESSAGE_LATE holds */
	MESSAGE_LAST = 16,  /* the sender sends nothing after it */
};

/* clang-format off */
#define MESSAGE_TABLE(X) \
	/* name, from, to, descriptor, when, purpose */ \
	/* ---- poplard sets a child up ---- */ \
	X(SETTINGS, PARENT, CHILDREN, NONE, EARLY | ONCE, \
	  "The settings that the child's role may see, packed by settings_pack.") \
	X(DATABASE, PARENT, AUTH | LOOKUP, NONE, EARLY, \
	  "A database of users; poplar-lookup gets the one that it asks.") \
	X(BOARD, PARENT, AUTH, NONE, EARLY, \
	  "A board that users may open with XTND.") \
	X(SECRET, PARENT, LOOKUP, FILE, EARLY | ONCE, \
	  "The file with the password of the database's own user.") \
	X(LISTENER, PARENT, FRONT | LMTP, SOCKET, ANY, \
	  "A listening socket. A process that was started for a reload gets it after GO.") \
	X(TLS_FILES, PARENT, FRONT | LMTP, FILE, ANY, \
	  "Certificates and keys, packed; again whenever they have been renewed.") \
	X(TICKET_KEYS, PARENT, FRONT | LMTP, NONE, ANY, \
	  "The keys of TLS session tickets: for new ones, and for older ones.") \
	X(CONNLIMIT, PARENT, FRONT | LMTP, FILE, EARLY | ONCE, \
	  "The shared table that counts connections, and this process's column in it.") \
	X(DIRECTORY, PARENT, AUTH | DROP | LOOKUP, FILE, EARLY | ONCE, \
	  "The one folder below which the child may open files.") \
	X(AUTH_LINK, PARENT, FRONT | DROP | LOOKUP | LMTP, SOCKET, ANY, \
	  "A channel to poplar-auth; again when poplar-auth was started again.") \
	X(FRONT_LINK, PARENT, AUTH, SOCKET, ANY, \
	  "A channel to a front, which FRONT_BROKEN names by the number.") \
	X(LMTP_LINK, PARENT, AUTH, SOCKET, ANY, \
	  "A channel to poplar-lmtp, which FRONT_BROKEN names by the number.") \
	X(DROP_LINK, PARENT, AUTH, SOCKET, ANY, \
	  "A channel to the maildrop process of this uid and gid; may answer DROP_WANTED.") \
	X(LOOKUP_LINK, PARENT, AUTH, SOCKET, ANY, \
	  "A channel to a process that asks this database; LOOKUP_BROKEN names it.") \
	X(GO, PARENT, CHILDREN, NONE, EARLY | STARTS, \
	  "The child has all that it needs: it enters its sandbox and answers SANDBOXED.") \
	X(SANDBOXED, CHILDREN, PARENT, NONE, EARLY | STARTS, \
	  "Answers GO: the process is in this sandbox, to which `poplar audit` compares it.") \
	/* ---- poplard and its children, later ---- */ \
	X(DROP_WANTED, AUTH, PARENT, NONE, LATE, \
	  "poplar-auth needs the process of this uid and gid: DROP_LINK, _REFUSED or _LATE.") \
	X(DROP_REFUSED, PARENT, AUTH, NONE, LATE, \
	  "Answers DROP_WANTED: no process is started for this uid and gid.") \
	X(IDLE, DROP, PARENT, NONE, LATE, \
	  "No session for drop-idle. poplard may answer DRAIN, after DROP_LEAVES to poplar-auth.") \
	X(DROP_LEAVES, PARENT, AUTH, NONE, LATE, \
	  "This maildrop process ends: poplar-auth closes its link.") \
	X(DROP_LATE, PARENT, AUTH, NONE, LATE, \
	  "This maildrop process has died too often: it is started again after a pause.") \
	X(LOOKUP_BROKEN, AUTH, PARENT, NONE, LATE, \
	  "This lookup process hangs or sends illegal messages: end it and start another.") \
	X(FRONT_BROKEN, AUTH, PARENT, NONE, LATE, \
	  "poplar-auth has lost its link to this front or poplar-lmtp: end it, if it runs, and start another.") \
	X(DRAIN, PARENT, CHILDREN, NONE, LATE, \
	  "Accept no new work, and end when the last session has ended.") \
	X(STOP, PARENT, FRONT | LMTP, NONE, LATE, \
	  "Close idle connections at once and all others when the grace time is over.") \
	X(CONTROL, PARENT, AUTH, SOCKET, LATE, \
	  "The operator's tool has connected: the socket on which it will ask.") \
	/* ---- the operator's tool, on the socket of CONTROL ---- */ \
	X(TEST_ASK, TOOL, AUTH, NONE, ANY | LAST, \
	  "Try this login. Answers: TEST_LOOKS and TEST_SAYS for each question, then TEST_IS.") \
	X(TEST_RECIPIENT, TOOL, AUTH, NONE, ANY | LAST, \
	  "Who gets the mail of this address? Answers: as to TEST_ASK, without TEST_DROP.") \
	X(TEST_LOOKS, AUTH, TOOL, NONE, EARLY, \
	  "The databases are asked for this name.") \
	X(TEST_SAYS, AUTH, TOOL, NONE, EARLY, \
	  "What one database answered.") \
	X(TEST_IS, AUTH, TOOL, NONE, EARLY | STARTS, \
	  "Answers TEST_ASK: how the login ended, and whose mail it would open; or TEST_RECIPIENT.") \
	X(TEST_DROP, AUTH, TOOL, SOCKET, LATE | LAST, \
	  "After a TEST_IS without a fault: a session socket that can change nothing.") \
	X(FIND_ASK, TOOL, AUTH, NONE, ANY, \
	  "Where is this user's mail, and which policy and quota hold for it? FIND_IS.") \
	X(FIND_IS, AUTH, TOOL, NONE, EARLY, \
	  "Answers FIND_ASK.") \
	/* ---- a login: answers carry the id of the question ---- */ \
	X(AUTH_ASK, FRONT, AUTH, NONE, ANY, \
	  "Is this login good? AUTH_MORE, AUTH_LATER, AUTH_OK or AUTH_FAILED.") \
	X(AUTH_WHICH, FRONT, AUTH, NONE, ANY, \
	  "Which mechanisms can be offered? AUTH_OFFERS; if it does not come: again.") \
	X(AUTH_OFFERS, AUTH, FRONT, NONE, ANY, \
	  "The mechanisms that can be offered; unasked when they have changed.") \
	X(AUTH_MORE, AUTH, FRONT, NONE, ANY, \
	  "The client gets this challenge, and its response comes as AUTH_NEXT.") \
	X(AUTH_LATER, AUTH, FRONT, NONE, ANY, \
	  "Ask the same again after this delay, with `waited`.") \
	X(AUTH_NEXT, FRONT, AUTH, NONE, ANY, \
	  "The client's response to AUTH_MORE; answered as AUTH_ASK is.") \
	X(AUTH_CANCEL, FRONT, AUTH, NONE, ANY, \
	  "The client has given the exchange up; no answer.") \
	X(AUTH_OK, AUTH, FRONT, SOCKET, ANY, \
	  "The login is good: the session's socket, and the ticket for BOARD_ASK.") \
	X(AUTH_FAILED, AUTH, FRONT, NONE, ANY, \
	  "The login has failed; the front tells the client after the delay.") \
	X(BOARD_ASK, FRONT, AUTH, NONE, ANY, \
	  "Open another maildrop for the ticket's user: BOARD_OK or BOARD_FAILED.") \
	X(BOARD_OK, AUTH, FRONT, SOCKET, ANY, \
	  "Answers BOARD_ASK: the socket of a session with that maildrop.") \
	X(BOARD_FAILED, AUTH, FRONT, NONE, ANY, \
	  "Answers BOARD_ASK: why not.") \
	X(LOOKUP_ASK, AUTH, LOOKUP, NONE, ANY, \
	  "Who is this user, and with `judge`, is the password right? LOOKUP_IS.") \
	X(LOOKUP_IS, LOOKUP, AUTH, NONE, ANY, \
	  "Answers LOOKUP_ASK: the database's verdict and the user's fields.") \
	X(GRANT, AUTH, DROP, SOCKET, ANY, \
	  "Open this maildrop for the session at the other end of the socket.") \
	/* ---- a delivery: answers carry the id and the number of the recipient ---- */ \
	X(RCPT_ASK, LMTP, AUTH, NONE, ANY, \
	  "May this address get mail? RCPT_OK or RCPT_FAILED.") \
	X(RCPT_OK, AUTH, LMTP, SOCKET, ANY, \
	  "Its mail goes to this user: the socket of a delivery to the user's maildrop.") \
	X(RCPT_FAILED, AUTH, LMTP, NONE, ANY, \
	  "Answers RCPT_ASK: why not.") \
	X(GRANT_DELIVERY, AUTH, DROP, SOCKET, ANY, \
	  "Take one message for this maildrop from the other end of the socket.") \
	/* ---- a session, on the socket of GRANT ---- */ \
	X(READY, DROP, FRONT, FILE, EARLY | STARTS, \
	  "The maildrop is open: its totals, and the file of its listing.") \
	X(FAILED, DROP, FRONT | LMTP, NONE, ANY, \
	  "The fault, in place of READY, COPIED, DONE, ACCEPTS or DELIVERED.") \
	X(BODIES, FRONT, DROP, NONE, ANY, \
	  "Open these messages: BODIES_ARE.") \
	X(BODIES_ARE, DROP, FRONT, FILES, LATE, \
	  "Answers BODIES: for each message a fault, or its file and where the octets are.") \
	X(LISTING_CORRUPT, FRONT, DROP, NONE, ANY, \
	  "The listing is corrupt: make it anew for the next session. No answer.") \
	X(WARM, FRONT, DROP, FILE, ANY, \
	  "Read this range of the file into the page cache: WARMED.") \
	X(WARMED, DROP, FRONT, NONE, LATE, \
	  "Answers WARM.") \
	X(COPY, FRONT, DROP, NONE, ANY, \
	  "Copy octets of this message, 0 for the listing, to a window: COPIED or FAILED.") \
	X(COPIED, DROP, FRONT, FILE, LATE, \
	  "Answers COPY: a window, memory with the octets.") \
	X(MARKS, FRONT, DROP, NONE, ANY, \
	  "A piece of the marks, before COMMIT. No answer.") \
	X(COMMIT, FRONT, DROP, NONE, ANY | LAST, \
	  "Remove what MARKS marked: DONE or FAILED.") \
	X(DONE, DROP, FRONT, NONE, LATE | LAST, \
	  "Answers COMMIT: the marked messages are removed, and so many are left.") \
	/* ---- a delivery, on the socket of GRANT_DELIVERY ---- */ \
	X(ACCEPTS, DROP, LMTP, NONE, EARLY | STARTS, \
	  "The maildrop takes a message; FAILED: it does not.") \
	X(SPOOL, LMTP, DROP, NONE, ANY | ONCE, \
	  "A file is needed for a large message: SPOOL_IS.") \
	X(SPOOL_IS, DROP, LMTP, FILES, LATE, \
	  "Answers SPOOL: an empty file without a name, or a fault and no file.") \
	X(DELIVER, LMTP, DROP, FILE, ANY | LAST, \
	  "Store this message: DELIVERED or FAILED.") \
	X(DELIVERED, DROP, LMTP, NONE, LATE | LAST, \
	  "Answers DELIVER: the message is in the maildrop, durably.")

#define MESSAGE_SETTINGS_FIELDS(N, T)     T(values, 16384)
#define MESSAGE_DATABASE_FIELDS(N, T)     T(name, 64) T(values, 16000)
#define MESSAGE_BOARD_FIELDS(N, T)        T(name, 64) T(values, 16000)
#define MESSAGE_SECRET_FIELDS(N, T)
#define MESSAGE_LISTENER_FIELDS(N, T)     N(tls)
#define MESSAGE_TLS_FILES_FIELDS(N, T)
#define MESSAGE_TICKET_KEYS_FIELDS(N, T)  T(now, 80) T(before, 80)
#define MESSAGE_CONNLIMIT_FIELDS(N, T)    N(column)
#define MESSAGE_DIRECTORY_FIELDS(N, T)
#define MESSAGE_AUTH_LINK_FIELDS(N, T)
#define MESSAGE_FRONT_LINK_FIELDS(N, T)   N(number)
#define MESSAGE_LMTP_LINK_FIELDS(N, T)    N(number)
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
#define MESSAGE_AUTH_OK_FIELDS(N, T)      N(id) T(user, 255) T(ticket, 4744)
#define MESSAGE_AUTH_FAILED_FIELDS(N, T)  N(id) N(fault) N(delay_ms) T(user, 255)
#define MESSAGE_BOARD_ASK_FIELDS(N, T)    N(id) N(board) N(number) T(name, 255) T(ticket, 4744)
#define MESSAGE_BOARD_OK_FIELDS(N, T)     N(id) T(name, 255)
#define MESSAGE_BOARD_FAILED_FIELDS(N, T) N(id) N(fault)
#define MESSAGE_CONTROL_FIELDS(N, T)
#define MESSAGE_TEST_ASK_FIELDS(N, T)     N(tls) N(mechanism) T(peer, 64) T(user, 255) T(password, 255)
#define MESSAGE_TEST_RECIPIENT_FIELDS(N, T) T(address, 512)
#define MESSAGE_TEST_LOOKS_FIELDS(N, T)   T(user, 255)
#define MESSAGE_TEST_SAYS_FIELDS(N, T)    T(database, 64) N(says) T(trouble, 191)
#define MESSAGE_TEST_IS_FIELDS(N, T)      N(fault) T(trouble, 191) T(user, 255) T(path, 4096) N(has_uid) N(uid) \
	N(quota_octets) N(quota_messages)
#define MESSAGE_TEST_DROP_FIELDS(N, T)
#define MESSAGE_FIND_ASK_FIELDS(N, T)     T(user, 255)
#define MESSAGE_FIND_IS_FIELDS(N, T)      N(fault) T(trouble, 191) T(path, 4096) T(uidl_format, 127) N(login_delay) N(unread) N(retrieved) \
	N(quota_octets) N(quota_messages)
#define MESSAGE_LOOKUP_ASK_FIELDS(N, T)   N(judge) T(peer, 64) T(user, 255) T(password, 8192)
#define MESSAGE_LOOKUP_IS_FIELDS(N, T)    N(says) N(unfit) T(trouble, 191) T(fields, 8192)
#define MESSAGE_RCPT_ASK_FIELDS(N, T)     N(id) N(recipient) N(octets) T(peer, 64) T(address, 512)
#define MESSAGE_RCPT_OK_FIELDS(N, T)      N(id) N(recipient) T(user, 255)
#define MESSAGE_RCPT_FAILED_FIELDS(N, T)  N(id) N(recipient) N(fault)
#define MESSAGE_GRANT_DELIVERY_FIELDS(N, T) N(octets) N(quota_octets) N(quota_messages) N(grace_octets) T(user, 255) T(path, 4096) \
	T(peer, 64)
#define MESSAGE_GRANT_FIELDS(N, T)        N(read_only) N(as_is) N(is_board) N(again) N(login_delay) N(unread) N(retrieved) T(user, 255) T(path, 4096) T(uidl_format, 127) \
	T(peer, 64)
#define MESSAGE_READY_FIELDS(N, T)        N(count) N(octets) N(read_only) N(login_delay) N(expire) N(retrieval) N(generation) \
	N(ascii_octets) N(downgrade) N(given) N(window) N(maxima) T(gaps, 3840)
#define MESSAGE_FAILED_FIELDS(N, T)       N(fault)
#define MESSAGE_BODIES_FIELDS(N, T)       N(first) N(count)
#define MESSAGE_BODIES_ARE_FIELDS(N, T)   T(list, MESSAGE_BODIES_MAX * sizeof(struct message_body))
#define MESSAGE_LISTING_CORRUPT_FIELDS(N, T)
#define MESSAGE_WARM_FIELDS(N, T)         N(offset) N(length)
#define MESSAGE_WARMED_FIELDS(N, T)
#define MESSAGE_COPY_FIELDS(N, T)         N(message) N(offset)
#define MESSAGE_COPIED_FIELDS(N, T)       N(given) N(octets)
#define MESSAGE_MARKS_FIELDS(N, T)        N(first) T(bits, 4096)
#define MESSAGE_COMMIT_FIELDS(N, T)       N(marked) N(retrieved)
#define MESSAGE_DONE_FIELDS(N, T)         N(left) N(octets) N(ascii_octets)
#define MESSAGE_ACCEPTS_FIELDS(N, T)
#define MESSAGE_SPOOL_FIELDS(N, T)
#define MESSAGE_SPOOL_IS_FIELDS(N, T)     N(fault)
#define MESSAGE_DELIVER_FIELDS(N, T)      N(octets)
#define MESSAGE_DELIVERED_FIELDS(N, T)
/* clang-format on */

enum message_kind {
#define X(name, ...) MESSAGE_##name,
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

/* The list of BODIES_ARE: one entry for each message that BODIES named, at most
 * MESSAGE_BODIES_MAX. The message carries one descriptor for each entry without a
 * fault, in the same order. */
enum { MESSAGE_BODIES_MAX = 16 };
struct message_body {
	uint64_t fault, offset, length;
	uint64_t form, octets;            /* enum wire_form; octets as listed */
	uint64_t surrogate, ascii_octets; /* enum surrogate; octets of the surrogate */
	uint64_t given, window;           /* enum message_given; octets of a window */
};

/* The kind of a descriptor of a body or listing. It matters because poplar-front must
 * not wait for a file system. */
enum message_given {
	MESSAGE_GIVEN_FILE,   /* a file of which the kernel reads only cached octets on
				 request (RWF_NOWAIT) */
	MESSAGE_GIVEN_MEMORY, /* a file that is in memory as a whole (tmpfs, memfd) */
	MESSAGE_GIVEN_WINDOW, /* a window: memory with a copy of some octets; COPY asks
				 for others */
	MESSAGE_GIVEN_COUNT
};

/* The most octets that one WARM may ask for. */
enum { MESSAGE_WARM_MAX = 4 << 20 };

/* One struct per message: struct message_ready { uint64_t count, octets; } and so on.
 */
#define MESSAGE_FIELD_NUMBER(name)    uint64_t name;
#define MESSAGE_FIELD_TEXT(name, max) struct span name;
#define X(name, ...)                                                                   \
	struct message_##name {                                                        \
		MESSAGE_##name##_FIELDS(MESSAGE_FIELD_NUMBER, MESSAGE_FIELD_TEXT)      \
	};
MESSAGE_TABLE(X)
#undef X

struct message {
	enum message_kind kind;
	union {
#define X(name, ...) struct message_##name name;
		MESSAGE_TABLE(X)
#undef X
	};
};

/* Larger than any encoded message: two octets of kind, eight for a number, four and its
 * octets for a text. */
enum { MESSAGE_OCTETS_MAX = 16384 + 64 };

/* The name of the first field of m that is over its maximum; NULL: every field fits. */
const char *message_over(const struct message *m);

/* Encode m into `room` octets at out. Returns the octets written; 0: a text is over its
 * maximum, or the room is too small. */
MUST_USE size_t message_encode(const struct message *m, char *out, size_t room);

/* Decode all of `in`, which a process of role `from` sent to one of role `to`, with
 * (has_fd) or without a descriptor. Texts in *out are borrowed from `in`. FAULT_PEER,
 * with *out untouched: the octets are not exactly one message, or one that the table
 * does not allow between these roles. */
MUST_USE enum fault message_decode(struct span in, enum role from, enum role to,
				   bool has_fd, struct message *out);

/* The kind that encoded octets begin with; MESSAGE_COUNT: none. */
enum message_kind message_kind_of(struct span in);

/* What one sender has sent on one channel. All zero: nothing. */
struct message_history {
	bool has_started, is_over;
	uint64_t said[(MESSAGE_COUNT + 63) / 64]; /* a bit for each kind */
};

/* The sender sends a message of this kind. If it is legal at this time, note it and
 * return NULL. Otherwise note nothing and return why not, as a text for the log. */
MUST_USE const char *message_say(struct message_history *h, enum message_kind kind);

const char *message_name(enum message_kind kind);    /* "SETTINGS"; "?": no kind */
const char *message_purpose(enum message_kind kind); /* the row's text */
unsigned message_from(enum message_kind kind);       /* bits: 1 << enum role */
unsigned message_to(enum message_kind kind);
unsigned message_when(enum message_kind kind); /* sum of enum message_when */
enum message_fd message_fd(enum message_kind kind);
