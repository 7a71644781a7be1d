/* sys/landlock.c - calls the kernel's Landlock.
 *
 * Prefix: landlock_.
 */
#include "sys/landlock.h"

#include <errno.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "base/own.h"

enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };
enum { NET_BIND_TCP = 1, NET_CONNECT_TCP = 2 };
enum { SCOPE_ABSTRACT_SOCKETS = 1, SCOPE_SIGNALS = 2 };

/* The kernel's structs. An older kernel accepts a shorter struct ruleset only. */
struct ruleset {
	uint64_t fs, net, scoped;
};
struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static const struct {
	const char *name;
	unsigned right;
	int abi;
} rights_table[] = {
#define X(id, bit, abi) { #id, 1u << bit, abi },
	LANDLOCK_RIGHT_TABLE(X)
#undef X
};
enum { RIGHT_COUNT = sizeof rights_table / sizeof *rights_table };

int landlock_abi(void)
{
	long abi =
		syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

bool landlock_moves(int abi)
{
	return abi != 1;
}

static unsigned known_rights(int abi)
{
	unsigned known = 0;

	for (int i = 0; i < RIGHT_COUNT; i++)
		if (rights_table[i].abi <= abi)
			known |= rights_table[i].right;
	return known;
}

static size_t ruleset_size(int abi)
{
	if (abi < 4)
		return sizeof(uint64_t);
	return abi < 6 ? 2 * sizeof(uint64_t) : sizeof(struct ruleset);
}

enum fault landlock_restrict(int abi, int dir, unsigned rights, bool connects,
			     struct why *why)
{
	const struct ruleset all = {
		.fs = known_rights(abi),
		.net = NET_BIND_TCP | (connects ? 0 : NET_CONNECT_TCP),
		.scoped = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS,
	};
	const struct path_beneath beneath = { rights & known_rights(abi), dir };
	OWN_FD rules =
		(int)syscall(SYS_landlock_create_ruleset, &all, ruleset_size(abi), 0);

	if (rules < 0)
		return fault_set(why, FAULT_SETUP, errno, "landlock_create_ruleset",
				 NULL);
	if (dir >= 0 &&
	    syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &beneath, 0) < 0)
		return fault_set(why, FAULT_SETUP, errno, "landlock_add_rule", NULL);
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return fault_set(why, FAULT_SETUP, errno, "landlock_restrict_self",
				 NULL);
	return FAULT_NONE;
}

void landlock_text(int abi, unsigned rights, char *out, size_t room)
{
	struct buf b = { .at = out, .room = room };

	for (int i = 0; i < RIGHT_COUNT; i++) {
		if (!(rights & rights_table[i].right) || rights_table[i].abi > abi)
			continue;
		if (b.len > 0)
			buf_char(&b, ',');
		for (const char *c = rights_table[i].name; *c; c++)
			buf_char(&b, *c == '_' ? '-' : (char)(*c | 0x20));
	}
	buf_cstr(&b);
}
