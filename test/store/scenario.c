/* test/store/scenario.c - one session, for test_faults.py to let fail.
 *
 * scenario kinds: the names of all kinds of store.
 * scenario ROOT KIND fill: delivers four messages below ROOT.
 * scenario ROOT KIND there: prints the first line of each of them that is there; asks
 * no store.
 * scenario ROOT KIND number: as look, with a uidl-format that numbers messages.
 * scenario ROOT KIND look|commit: opens the maildrop, prints "text octets uid" of each
 * message and, to commit, removes the first and the third and notes that the second
 * was retrieved. Prints "left N" when that is done. What fails is told on standard
 * error, and 1 returned.
 * scenario ROOT KIND deliver: delivers two messages, the second with a quota and from a
 * spool. Prints "stored TEXT" of each that was stored.
 */
#include <errno.h>
#include <sys/mman.h>

#include "kinds.h"

static const char *const mail[] = { "one\nx\n", "two\ny\n", "three\n", "four\n" };
enum { MAILS = sizeof mail / sizeof *mail };

static int complain(const char *step)
{
	fprintf(stderr, "scenario: %s\n", step);
	return 1;
}

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
		return complain("record") == 0;
	if (store_body(m, msg, &body, &why)) {
		fail("body", &why);
		return false;
	}
	ssize_t n = pread(body.fd, text, sizeof text - 1, (off_t)body.offset);
	close(body.fd);
	if (n < 0)
		return complain("read") == 0;
	text[n] = '\0';
	printf("%.*s %lu %.*s\n", (int)strcspn(text, "\n"), text,
	       (unsigned long)r.octets, r.uid_len, r.uid);
	return true;
}

static int hold_session(const struct kind *kind, int root, bool commit, bool numbers)
{
	struct uidformat format = { 0 };
	const char *wrong;
	const struct store_rules rules = {
		.policy = { 0, POLICY_NEVER, 30 },
		.quick_logins = 1,
		.mark_seen = true,
		.now_ms = UINT64_C(1700000000000),
	};
	const struct store_opening opening = {
		.place = { kind->id, root, kind->path },
		.process = { .locks = store_locks_new(1, 0), .boot = store_boot() },
		.rules = &rules,
		.uidl_format = &format,
	};
	const uint64_t marks = 1 | 4, retrieved = 2;
	struct maildrop *m = NULL;
	struct why why = { 0 };
	uint32_t left = 0;
	bool good = true;

	if (!opening.process.locks || !store_start() ||
	    (numbers && !uidformat_parse(SPAN("x%u"), &format, &wrong)))
		return complain("start");
	if (store_open(&opening, &m, &why))
		return fail("open", &why);
	for (uint32_t msg = 1; msg <= m->listing.count; msg++)
		good &= show(m, msg);
	if (commit) {
		if (store_commit(m, &marks, &retrieved, &left, &why))
			return fail("commit", &why);
		printf("left %u\n", left);
	}
	store_close(m);
	if (fflush(stdout) != 0)
		return complain("print");
	return good ? 0 : 1;
}

/* -1: no file could be had. */
static int message_file(const struct store_opening *o, bool spooled, struct why *why)
{
	int fd = -1;

	if (!spooled)
		fd = memfd_create("message", MFD_CLOEXEC);
	else
		fault_ignore(store_spool(o, &fd, why));
	return fd;
}

static bool deliver(const struct store_opening *o, const char *text, bool spooled)
{
	const struct store_quota quota = { .octets = spooled ? 1000 : 0 };
	struct store_message m = { .octets = strlen(text) };
	struct store_delivered out;
	struct why why = { 0 };

	m.fd = message_file(o, spooled, &why);
	if (m.fd >= 0 && pwrite(m.fd, text, strlen(text), 0) != (ssize_t)strlen(text))
		fault_set(&why, errno == ENOSPC ? FAULT_FULL : FAULT_IO, errno, "write",
			  "spool");
	if (m.fd < 0 || why.fault)
		return fail("message", &why) == 0;
	enum fault f = store_accepts(o, &quota, m.octets, &why);
	if (f == FAULT_NONE)
		f = store_deliver(o, &m, &quota, &out, &why);
	close(m.fd);
	if (f)
		return fail("deliver", &why) == 0;
	printf("stored %.*s\n", (int)strcspn(text, "\n"), text);
	return true;
}

static int deliver_both(const struct kind *kind, int root)
{
	const struct store_opening opening = {
		.place = { kind->id, root, kind->path },
		.process = { .locks = store_locks_new(1, 0), .boot = store_boot() },
	};

	if (!opening.process.locks || !store_start())
		return complain("start");
	const bool first = deliver(&opening, "five\n", false);
	const bool second = deliver(&opening, "six\ny\n", true);
	if (fflush(stdout) != 0)
		return complain("print");
	return first && second ? 0 : 1;
}

static int act(const struct kind *kind, int root, const char *what)
{
	if (strcmp(what, "fill") == 0) {
		mkdirat(root, "u", 0700);
		for (int i = 0; i < MAILS; i++)
			kind->deliver(root, i, span_of(mail[i]));
		return 0;
	}
	if (strcmp(what, "there") == 0) {
		for (int i = 0; i < MAILS; i++)
			if (kind->is_there(root, i))
				printf("%.*s\n", (int)strcspn(mail[i], "\n"), mail[i]);
		return 0;
	}
	if (strcmp(what, "deliver") == 0)
		return deliver_both(kind, root);
	return hold_session(kind, root, strcmp(what, "commit") == 0,
			    strcmp(what, "number") == 0);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "kinds") == 0)
		for (int k = 0; k < KINDS; k++)
			printf("%s\n", kind_name(&kinds[k]));
	if (argc != 4)
		return argc == 2 ? 0 : 64;
	int root = open(argv[1], O_PATH | O_DIRECTORY);
	for (int k = 0; k < KINDS && root >= 0; k++)
		if (strcmp(kind_name(&kinds[k]), argv[2]) == 0)
			return act(&kinds[k], root, argv[3]);
	return complain("open the root");
}
