/* ipc/dispatch.h - which function of a process handles which message.
 *
 * Prefix: dispatch_. A process has one list of handlers for each role that sends to it.
 * For example,
 *
 *	#define HEARS_AUTH(X) X(LOOKUP_ASK, on_ask)
 *	DISPATCH(from_auth, AUTH, LOOKUP, HEARS_AUTH);
 *
 * defines `from_auth`. It compiles only if the list has exactly the messages that
 * poplar-auth may send to poplar-lookup by the table of ipc/message.h.
 */
#pragma once

#include "ipc/channel.h"

/* Handles m. `arg` is the argument of dispatch(). The handler owns the descriptors of
 * m: files->at[0] for a message that has one. False: the caller must close the channel.
 */
typedef bool dispatch_fn(void *arg, const struct message *m,
			 struct channel_files *files);

struct dispatch {
	dispatch_fn *handlers[MESSAGE_COUNT]; /* by kind; NULL: not from this sender */
};

/* Call the handler of the message in the inbox, which channel_receive has received from
 * the sender that the list is for. Returns what the handler returns. */
static inline bool dispatch(const struct dispatch *d, void *arg,
			    struct channel_inbox *in)
{
	return d->handlers[in->message.kind](arg, &in->message, &in->files);
}

#define DISPATCH(id, sender, receiver, LIST)                                           \
	DISPATCH_WHOLE(id, sender, receiver, LIST)                                     \
	static const struct dispatch id = { { LIST(DISPATCH_HANDLER) } }

/* The part of DISPATCH that compiles only if the list is complete. Tests use it for
 * lists of their own. */
#define DISPATCH_WHOLE(id, sender, receiver, LIST)                                     \
	static inline __attribute__((unused)) void id##_is_whole(void)                 \
	{                                                                              \
		DISPATCH_WORDS(sender, receiver);                                      \
		_Static_assert((0 LIST(DISPATCH_LISTED)) ==                            \
				       (0 MESSAGE_TABLE(DISPATCH_LEGAL)),              \
			       #id ": a message of ipc/message.h has no handler, or "  \
				   "a handler has no message");                        \
	}

/* ---- what DISPATCH is made of ---- */

/* A set of messages is a constant with a bit for each kind. */
typedef unsigned __int128 dispatch_set;
_Static_assert(MESSAGE_COUNT <= 128, "a set of messages fits into 128 bits");

#define DISPATCH_HANDLER(name, handler) [MESSAGE_##name] = (handler),
#define DISPATCH_LISTED(name, handler)  | (dispatch_set)1 << MESSAGE_##name
#define DISPATCH_LEGAL(name, from, to, ...)                                            \
	| (dispatch_set)(((from)&SENDER) && ((to)&RECEIVER)) << MESSAGE_##name

/* Defines, within one function, the words that the table has for roles. */
#define DISPATCH_WORDS(sender, receiver)                                               \
	enum {                                                                         \
		PARENT = ROLE_BIT_PARENT,                                              \
		FRONT = ROLE_BIT_FRONT,                                                \
		AUTH = ROLE_BIT_AUTH,                                                  \
		DROP = ROLE_BIT_DROP,                                                  \
		LOOKUP = ROLE_BIT_LOOKUP,                                              \
		LMTP = ROLE_BIT_LMTP,                                                  \
		TOOL = ROLE_BIT_TOOL,                                                  \
		CHILDREN = FRONT | AUTH | DROP | LOOKUP | LMTP,                        \
		SENDER = ROLE_BIT_##sender,                                            \
		RECEIVER = ROLE_BIT_##receiver                                         \
	}
