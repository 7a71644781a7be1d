/* sys/sandbox.h - what each process may do, as a table, and the walls that make it so.
 *
 * Prefix: sandbox_. `poplar audit` holds running processes against the
 * same table.
 */
#pragma once

#include "base/fault.h"
#include "base/roles.h"

/* Sets of walls: one for each role, but for poplar-lookup one for each kind of
 * database, and for poplar-auth a second. Identifier, name. */
/* clang-format off */
#define SANDBOX_TABLE(X) \
	X(PARENT,      "parent") \
	X(FRONT,       "front") \
	X(AUTH,        "auth") \
	X(AUTH_GSSAPI, "auth-gssapi") /* auth, with what Kerberos calls on top */ \
	X(DROP,        "drop") \
	X(LOOKUP_FILE, "lookup-file") /* databases in a file */ \
	X(LOOKUP_NET,  "lookup-net")  /* ... behind the network */ \
	X(LOOKUP_CODE, "lookup-code") /* ... asked by code that is not ours: no walls but the parent's */
/* clang-format on */

enum sandbox {
#define X(id, name) SANDBOX_##id,
	SANDBOX_TABLE(X)
#undef X
		SANDBOX_COUNT
};

const char *sandbox_name(enum sandbox box);

/* The walls of a role; of ROLE_LOOKUP, the least. */
enum sandbox sandbox_of(enum role role);

/* Kinds of descriptors, as /proc shows them. */
/* clang-format off */
#define SANDBOX_KIND_TABLE(X) \
	X(LOG,      "log")            /* standard output and standard error */ \
	X(NULL,     "/dev/null") \
	X(LISTENER, "listening socket") \
	X(CLIENT,   "client socket") \
	X(LOCAL,    "local socket")   /* AF_UNIX: channels and sessions */ \
	X(EPOLL,    "epoll") \
	X(EVENT,    "eventfd") \
	X(SIGNAL,   "signalfd") \
	X(WATCH,    "inotify")        /* changes of certificates */ \
	X(PIPE,     "pipe") \
	X(MEMORY,   "memfd")          /* listings, windows */ \
	X(CONNLIMIT,   "table of connections") \
	X(DIR,      "directory") \
	X(READ,     "file, read-only") \
	X(WRITE,    "file, writable") \
	X(OTHER,    "other")
/* clang-format on */

enum sandbox_kind {
#define X(id, name) SANDBOX_KIND_##id,
	SANDBOX_KIND_TABLE(X)
#undef X
		SANDBOX_KIND_COUNT
};

const char *sandbox_kind_name(enum sandbox_kind kind);

/* May a process within these walls hold such a descriptor? */
bool sandbox_may_hold(enum sandbox box, enum sandbox_kind kind);

/* Has it a seccomp filter of its own? */
bool sandbox_filters(enum sandbox box);

/* Is this call in the table's list on the architecture `arch` (SCMP_ARCH_* of
 * libseccomp), by its name or as the successor of one? */
bool sandbox_allows(enum sandbox box, uint32_t arch, const char *call);

/* The first call of the table that `arch` has neither by its name nor by a successor,
 * so that what it is listed for would kill the process there. NULL: there is none. */
const char *sandbox_unknown(uint32_t arch);

/* The text of the Landlock rules on a kernel with Landlock version `abi` (0: the
 * kernel has none). */
void sandbox_rules(enum sandbox box, int abi, char *out, size_t room);

/* The kernel's Landlock version, 0 without Landlock. */
int sandbox_landlock_abi(void);

/* Raise the walls around this process, for good: no new privileges, not dumpable,
 * Landlock (not for the parent: its children need what it may), seccomp. Call it before
 * starting threads. `dir` is the one directory that it may work beneath, or -1.
 * *out_abi tells the Landlock version. FAULT_SETUP when a wall can't be raised, or does
 * not hold when it is tried; a kernel without Landlock is no fault, but tells abi 0. */
MUST_USE enum fault sandbox_enter(enum sandbox box, int dir, int *out_abi,
				  struct why *why);
