/* Names that clients ask for, and files that have travelled: a name is found only where
 * it stands, and nothing reaches outside of what was received. */
#include "fuzz.h"

#include <stdlib.h>
#include <strings.h>

#include "tls/names.h"
#include "tls/tls.h"

/* Is `host` what the certificate's name says? */
static bool fits(const char *name, struct span host)
{
	if (strlen(name) == host.len && strncasecmp(name, host.at, host.len) == 0)
		return true;
	const char *dot = host.len ? memchr(host.at, '.', host.len) : NULL;
	size_t rest = dot ? (size_t)(host.at + host.len - dot) : 0;

	return dot && dot > host.at && name[0] == '*' && strlen(name + 1) == rest &&
	       strncasecmp(name + 1, dot, rest) == 0;
}

/* Can it be the name of a host at all? */
static bool is_host(struct span host)
{
	static const char octets[] = "abcdefghijklmnopqrstuvwxyz0123456789-_."
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	bool ok = host.len > 0 && host.len <= NAMES_OCTETS_MAX;

	for (size_t i = 0; i < host.len; i++)
		ok = ok && memchr(octets, host.at[i], sizeof octets - 1);
	return ok;
}

static void try_names(struct span in)
{
	struct names n = { 0 };
	struct span host, one;
	unsigned owner = 0;
	size_t count;

	span_cut(&in, '\n', &host);
	while (in.len > 0 && owner < 100) {
		span_cut(&in, '\n', &one);
		PROMISE(names_add(&n, one, owner++));
	}
	names_sort(&n);
	const struct name *found = names_find(&n, host, &count);
	PROMISE((found != NULL) == (count > 0));
	for (size_t i = 0; i < count; i++) {
		PROMISE(fits(found[i].text, host));
		PROMISE(i == 0 || found[i].owner > found[i - 1].owner);
	}
	PROMISE(!found || is_host(host));
	for (size_t i = 0; i < n.count && !found && is_host(host); i++)
		PROMISE(!fits(n.at[i].text, host));
	names_done(&n);
}

static void try_files(struct span in)
{
	struct tls_files files;
	char *packed;
	size_t len;

	if (tls_files_unpack(in, &files))
		return;
	PROMISE(files.count <= TLS_PAIRS_MAX);
	PROMISE(tls_files_pack(&files, &packed, &len) == FAULT_NONE);
	PROMISE(len == in.len && memcmp(packed, in.at, len) == 0);
	free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = { (const char *)data, size };

	try_names(in);
	try_files(in);
	return 0;
}
