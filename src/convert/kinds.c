/* convert/kinds.c - the servers whose configuration can be converted.
 *
 * Prefix: convert_.
 */
#include "convert/kinds.h"

#include "convert/courier.h"
#include "convert/dovecot.h"
#include "convert/dovecotfile.h"

static bool run_dovecot(struct source *s, struct result *r,
			const struct source_world *world, struct span path)
{
	struct span text;

	if (!world->read(world->arg, path, &text))
		return source_fail(s, (struct source_place){ 0 }, "cannot read", path);
	return dovecotfile_read(s, world, path, text) && dovecot_convert(s, r, world);
}

const struct convert_kind convert_kinds[CONVERT_KINDS] = {
	{ "dovecot", "dovecot.conf", run_dovecot },
	{ "courier", "", courier_run },
};

const struct convert_kind *convert_find(const char *name)
{
	for (unsigned i = 0; i < CONVERT_KINDS; i++)
		if (convert_kinds[i].name && strcmp(convert_kinds[i].name, name) == 0)
			return &convert_kinds[i];
	return NULL;
}
