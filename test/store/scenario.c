/* test/store/scenario.c - one session, for test_faults.py to let fail.
 *
 * scenario ROOT commit|look: opens the maildrop u/Maildir below ROOT, prints "uid
 * octets body" of each message and, to commit, removes the first and the third and
 * notes that the second was retrieved. Prints "left N" when that is done. What fails is
 * told on standard error, and 1 returned.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail/listing.h"
#include "store/store.h"

static int fail(const char *step, const struct why *why)
{
	fprintf(stderr, "scenario: %s: %s %s: %s\n", step, why->doing ? why->doing : "",
		why->what, fault_name(why->fault));
	return 1;
}

static bool show(struct maildrop *m, uint32_t msg)
{
	struct listing_record r;
	struct store_body body;
	char text[256];
	struct why why = { 0 };

	if (!store_record(&m->listing, msg, &r))
		return false;
	if (m->store->body(m, msg, &body, &why)) {
		fail("body", &why);
		return false;
	}
	ssize_t n = pread(body.fd, text, sizeof text, (off_t)body.offset);
	close(body.fd);
	if (n < 0)
		return false;
	printf("%.*s %lu %.*s\n", r.uid_len, r.uid, (unsigned long)r.octets,
	       (int)strcspn(text, "\n"), text);
	return true;
}

int main(int argc, char **argv)
{
	const struct store_rules rules = {
		.policy = { 0, POLICY_NEVER, 30 },
		.quick_logins = 1,
		.now_ms = UINT64_C(1700000000000),
	};
	const uint64_t marks = 1 | 4, retrieved = 2;
	struct maildrop *m = NULL;
	struct why why = { 0 };
	uint32_t left = 0;
	bool good = true;

	if (argc != 3)
		return 64;
	const struct store_place place = {
		.root = open(argv[1], O_PATH | O_DIRECTORY),
		.path = "u/Maildir",
		.locks = store_locks_new(1, 0),
		.boot = store_boot(),
		.rules = &rules,
	};
	if (place.root < 0 || !place.locks || !store_start())
		return 1;
	if (store_maildir.open(&place, &m, &why))
		return fail("open", &why);
	for (uint32_t msg = 1; msg <= m->listing.count; msg++)
		good &= show(m, msg);
	if (strcmp(argv[2], "commit") == 0) {
		if (m->store->commit(m, &marks, &retrieved, &left, &why))
			return fail("commit", &why);
		printf("left %u\n", left);
	}
	m->store->close(m);
	return fflush(stdout) == 0 && good ? 0 : 1;
}
