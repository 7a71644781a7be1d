/* cli/origin.c - reads what another server has of a user: the table of kinds.
 *
 * Prefix: origin_.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cli/origin.h"
#include "cli/originkinds.h"
#include "cli/originroom.h"

static const struct origin_kind kinds[] = {
	{ "dovecot", "dovecot-uidlist", origin_dovecot, origin_dovecot_mbox },
	{ "courier", "courierpop3dsizelist", origin_courier, NULL },
	{ "qmail", NULL, origin_qmail, NULL },
	{ "solid-pop3d", NULL, origin_solid, origin_solid_mbox },
	{ "tpop3d", NULL, origin_solid, NULL },
	{ "mailfront", NULL, origin_mailfront, NULL },
	{ "mailutils", NULL, origin_mailutils, origin_mailutils_mbox },
	{ "popa3d", NULL, NULL, origin_popa3d_mbox },
	{ "uw", NULL, NULL, origin_uw_mbox },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const struct origin_kind *origin_kind(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(name, kinds[i].name) == 0)
			return &kinds[i];
	return NULL;
}

void origin_print_kinds(FILE *to)
{
	for (size_t i = 0; i < KINDS; i++)
		fprintf(to, "%s%s", i > 0 ? " " : "", kinds[i].name);
}

enum fault origin_read(const struct origin_kind *kind, const struct origin_place *p,
		       struct origin *out, struct why *why)
{
	struct stat st;

	*out = (struct origin){ 0 };
	if (fstat(p->fd, &st) < 0)
		return fault_set(why, FAULT_IO, errno, "read", p->path);
	if (S_ISDIR(st.st_mode) && kind->maildir)
		return kind->maildir(out, p, why);
	if (S_ISREG(st.st_mode) && kind->mbox)
		return kind->mbox(out, p, why);
	return fault_set(why, FAULT_SETUP, 0,
			 S_ISDIR(st.st_mode) ? "read a Maildir of this server:"
					     : "read a file of this server:",
			 p->path);
}

void origin_done(struct origin *s)
{
	origin_free_blocks(s);
	if (s->map)
		munmap(s->map, s->map_len);
	free(s->at);
	*s = (struct origin){ 0 };
}
