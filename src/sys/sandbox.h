/* sys/sandbox.h - the table of what each process may do, and its enforcement.
 *
 * Prefix: sandbox_. `poplar audit` compares running processes with the same table.
 */
#pragma once

#include "base/fault.h"
#include "base/roles.h"

/* Sandboxes: one for each role; poplar-lookup has one for each kind of database, and
 * poplar-auth has a second one. Identifier, name. */
/* clang-format off */
#define SANDBOX_TABLE(X) \
	X(PARENT,      "parent") \
	X(FRONT,       "front") \
	X(LMTP,        "lmtp")        /* as front, and the calls that write a message */ \
	X(AUTH,        "auth") \
	X(AUTH_GSSAPI, "auth-gssapi") /* as auth, and the calls that Kerberos needs */ \
	X(DROP,        "drop") \
	X(LOOKUP_FILE, "lookup-file") /* for databases in a file */ \
	X(LOOKUP_NET,  "lookup-net")  /* for databases behind the network */ \
	X(LOOKUP_CODE, "lookup-code") /* for databases that foreign code asks: with the restrictions of poplard only */
/* clang-format on */

enum sandbox {
#define X(id, name) SANDBOX_##id,
	SANDBOX_TABLE(X)
#undef X
		SANDBOX_COUNT
};

const char *sandbox_name(enum sandbox sandbox);

/* The sandbox of a role; for ROLE_LOOKUP the least strict one. */
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
	X(WATCH,    "inotify")        /* changes of certificates; deliveries */ \
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

/* May a process in this sandbox hold such a descriptor? */
bool sandbox_may_hold(enum sandbox sandbox, enum sandbox_kind kind);

/* Has the sandbox a seccomp filter of its own? */
bool sandbox_filters(enum sandbox sandbox);

/* A hash of the names of the sandboxes and of what the two functions above say about
 * them: two builds with the same hash judge a process alike. */
uint64_t sandbox_hash(void);

/* Does the sandbox allow this call on the architecture `arch` (SCMP_ARCH_* of
 * libseccomp), by its name or as the successor of an allowed call? */
bool sandbox_allows(enum sandbox sandbox, uint32_t arch, const char *call);

/* The first call of the table that `arch` has neither by its name nor by a successor:
 * code that needs the call could not run there. NULL: `arch` has all calls. */
const char *sandbox_unknown(uint32_t arch);

/* Write the Landlock rules as a text, for Landlock version `abi` (0: no Landlock). */
void sandbox_rules(enum sandbox sandbox, int abi, char *out, size_t room);

/* The kernel's Landlock version, 0 without Landlock. */
int sandbox_landlock_abi(void);

/* Put this process into the sandbox, for good: no new privileges, not dumpable,
 * Landlock (but not for poplard, whose children would inherit it), and seccomp. Call it
 * before threads start. `dir` is the one folder beneath which the process may use
 * files; -1: none. *out_abi is the Landlock version; without Landlock it is 0, which is
 * no fault. FAULT_SETUP: a restriction cannot be set up, or a test shows that it does
 * not hold. */
MUST_USE enum fault sandbox_enter(enum sandbox sandbox, int dir, int *out_abi,
				  struct why *why);
