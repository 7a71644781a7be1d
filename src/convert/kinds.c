/* convert/kinds.c - the servers whose configuration can be converted.
 *
 * Prefix: convert_.
 */
#include "convert/kinds.h"

#include "convert/courier.h"
#include "convert/cyrus.h"
#include "convert/dovecot.h"
#include "convert/dovecotfile.h"
#include "convert/mailutils.h"
#include "convert/qmail.h"

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
	{ "cyrus", "imapd.conf", cyrus_run },
	{ "popa3d", "default/popa3d", popa3d_run },
	{ "mailutils", "mailutils.conf", mailutils_run },
	{ "qmail", "run", qmail_run },
};

const struct convert_kind *convert_find(const char *name)
{
	for (unsigned i = 0; i < CONVERT_KINDS; i++)
		if (strcmp(convert_kinds[i].name, name) == 0)
			return &convert_kinds[i];
	return NULL;
}
