/* base/mechanism.c - the ways in which a user can log in.
 *
 * Prefix: mechanism_.
 */
#include "base/mechanism.h"

/* MECHANISM_TABLE writes these without their prefix. */
enum {
	SASL = MECHANISM_SASL,
	BARES = MECHANISM_BARES,
	BINDING = MECHANISM_BINDING,
	CERTIFICATE = MECHANISM_CERTIFICATE,
	STARTS = MECHANISM_STARTS,
	TIMESTAMP = MECHANISM_TIMESTAMP,
};

static const struct {
	const char *name;
	unsigned needs;
} table[MECHANISM_COUNT] = {
#define X(id, name, needs, source) [MECHANISM_ID_##id] = { name, needs },
	MECHANISM_TABLE(X)
#undef X
};

const char *mechanism_name(enum mechanism m)
{
	return table[m].name;
}

unsigned mechanism_needs(enum mechanism m)
{
	return table[m].needs;
}

unsigned mechanism_bound(enum mechanism m)
{
	if (m == MECHANISM_ID_SCRAM_SHA_256)
		return MECHANISM_BIT(SCRAM_SHA_256_PLUS);
	return m == MECHANISM_ID_SCRAM_SHA_1 ? MECHANISM_BIT(SCRAM_SHA_1_PLUS) : 0;
}

bool mechanism_find(struct span name, enum mechanism *out)
{
	for (enum mechanism m = 0; m < MECHANISM_COUNT; m++) {
		if (span_is_nocase(name, table[m].name)) {
			*out = m;
			return true;
		}
	}
	return false;
}
