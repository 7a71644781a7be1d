/* base/roles.h - the kinds of processes that Poplar consists of.
 *
 * Prefix: role_. The tables of sandboxes, messages and settings name roles.
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
	X(LMTP,   "poplar-lmtp") \
	X(TOOL,   "poplar")        /* the operator starts it, poplard does not */
/* clang-format on */

enum role {
#define X(id, name) ROLE_##id,
	ROLE_TABLE(X)
#undef X
		ROLE_COUNT
};

/* Bits for sets of roles, such as the receivers of a message. */
enum role_bit {
#define X(id, name) ROLE_BIT_##id = 1u << ROLE_##id,
	ROLE_TABLE(X)
#undef X
};

/* The name of the role's executable. */
static inline const char *role_name(enum role role)
{
	static const char *const names[ROLE_COUNT] = {
#define X(id, name) [ROLE_##id] = name,
		ROLE_TABLE(X)
#undef X
	};

	return role < ROLE_COUNT ? names[role] : "poplar";
}
