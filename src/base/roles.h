/* base/roles.h - the processes that Poplar is made of.
 *
 * Prefix: role_. Sandboxes, messages and settings are tables by role.
 */
#pragma once

/* Identifier, name of the executable. */
/* clang-format off */
#define ROLE_TABLE(X) \
	X(PARENT, "poplard") \
	X(FRONT,  "poplar-front") \
	X(AUTH,   "poplar-auth") \
	X(DROP,   "poplar-drop") \
	X(LOOKUP, "poplar-lookup") \
	X(TOOL,   "poplar")        /* the operator's; not started by poplard */
/* clang-format on */

enum role {
#define X(id, name) ROLE_##id,
	ROLE_TABLE(X)
#undef X
		ROLE_COUNT
};

/* A set of roles, as the tables name senders and receivers. */
enum role_bit {
#define X(id, name) ROLE_BIT_##id = 1u << ROLE_##id,
	ROLE_TABLE(X)
#undef X
};

static inline const char *role_name(enum role role)
{
	static const char *const names[ROLE_COUNT] = {
#define X(id, name) [ROLE_##id] = name,
		ROLE_TABLE(X)
#undef X
	};

	return role < ROLE_COUNT ? names[role] : "poplar";
}
