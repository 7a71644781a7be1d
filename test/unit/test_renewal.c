/* Promises of certificate/ and parent/renewal, tickets, relay and notify. */
#include "made.h"
#include "parentworld.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "parent/notify.h"
#include "parent/relay.h"
#include "parent/renewal.h"
#include "tls/tls.h"

enum { SETTLE_MS = 500, ONE_DAY_MS = 24 * 3600 * 1000, TWO_HOURS_MS = 2 * 3600 * 1000 };

static struct made *first, *second, *other;

static void write_made(const char *name, const struct made *m)
{
	world_file(name, m->pem);
}

/* poplard with one certificate in tls/a.pem, and `more`. */
static void serve_tls(const char *more)
{
	char text[1024];

	world_begin("");
	world_mkdir("tls");
	write_made("tls/a.pem", first);
	snprintf(text, sizeof text, "tls-certificate = {\"%s/tls/a.pem\"}\n%s",
		 world.dir, more);
	world_configure(text);
	CHECK(generation_start(&world.p));
	world_ready_from(0);
	world_pass(0);
	world_heard(world_child(ROLE_FRONT, 0));
	peer_log_begin();
	log_to(world_log);
}

/* The certificate that the front was told last; "" if none was. */
static void told(const struct child *c, char *out, size_t room)
{
	const struct message *m;
	int fd = -1;

	out[0] = '\0';
	while ((m = world_next(c, &fd))->kind != MESSAGE_COUNT) {
		if (m->kind != MESSAGE_TLS_FILES)
			continue;
		struct tls_files files;
		char packed[16384];
		const ssize_t n = pread(fd, packed, sizeof packed, 0);
		CHECK(n > 0);
		close(fd);
		CHECK_EQ(tls_files_unpack((struct span){ packed, (size_t)n }, &files),
			 FAULT_NONE);
		CHECK_EQ(files.count, 1);
		CHECK(span_copy(files.pairs[0].certificate, out, room));
	}
}

static bool told_to_is(const struct child *c, const struct made *m)
{
	char pem[8192];

	told(c, pem, sizeof pem);
	return strcmp(pem, m ? m->pem : "") == 0;
}

static bool told_is(const struct made *m)
{
	return told_to_is(world_child(ROLE_FRONT, 0), m);
}

/* ---- renewal ---- */

/* A change is noticed, and read when half a second has passed. */
static void test_a_new_certificate_goes_to_the_fronts(void **state)
{
	(void)state;
	serve_tls("");
	write_made("tls/a.pem", second);
	renewal_heard(&world.p);
	CHECK_EQ(renewal_next_due(&world.p), world.now_ms + SETTLE_MS);
	world_pass(100);
	renewal_heard(&world.p); /* more changes do not put it off */
	CHECK_EQ(renewal_next_due(&world.p), world.now_ms + SETTLE_MS - 100);
	world_pass(SETTLE_MS - 101);
	CHECK(told_is(NULL));
	world_pass(1);
	CHECK(told_is(second));
	CHECK(peer_log_has("event=certificates-renewed generation=1"));
	CHECK_EQ(world.p.renew_at, 0);
	world_end();
}

static void test_what_did_not_change_is_not_told(void **state)
{
	(void)state;
	serve_tls("");
	renewal_heard(&world.p);
	world_pass(SETTLE_MS);
	CHECK(told_is(NULL));
	CHECK(!peer_log_has("certificates-renewed"));
	world_end();
}

/* The old one stays; the reason is logged once, and again when it is another one. */
static void test_a_bad_certificate_is_refused_once(void **state)
{
	(void)state;
	serve_tls("");
	for (int i = 0; i < 2; i++) {
		peer_log_begin();
		log_to(world_log);
		world_file("tls/a.pem", "nonsense");
		renewal_heard(&world.p);
		world_pass(SETTLE_MS);
		CHECK_EQ(peer_log_has("event=certificate-refused"), i == 0);
		CHECK_EQ(peer_log_has("setting=tls-certificate line="), i == 0);
		CHECK(told_is(NULL));
	}
	world_file("tls/a.pem", "");
	write_made("tls/a.pem", second);
	renewal_heard(&world.p);
	world_pass(SETTLE_MS);
	CHECK(told_is(second));
	world_file("tls/a.pem", "nonsense");
	renewal_heard(&world.p);
	world_pass(SETTLE_MS);
	CHECK(peer_log_has("event=certificate-refused"));
	world_end();
}

/* A front that is started meanwhile gets what was good, not what the file holds. */
static void test_a_restarted_front_gets_the_good_certificate(void **state)
{
	(void)state;
	serve_tls("");
	world_file("tls/a.pem", "nonsense");
	renewal_heard(&world.p);
	world_pass(SETTLE_MS);
	world_die(world_child(ROLE_FRONT, 0), SIGKILL);
	world_pass(0);
	CHECK(told_to_is(world_child(ROLE_FRONT, 1), first));
	world_end();
}

static void test_a_draining_generation_is_not_renewed(void **state)
{
	(void)state;
	serve_tls("");
	write_made("tls/a.pem", second);
	world.p.generations->draining = true;
	renewal_heard(&world.p);
	world_pass(SETTLE_MS);
	CHECK(told_is(NULL));
	world.p.generations->draining = false;
	world_end();
}

static void test_nothing_is_renewed_while_stopping(void **state)
{
	(void)state;
	serve_tls("");
	renewal_heard(&world.p);
	world.p.stopping = true;
	CHECK_EQ(renewal_next_due(&world.p), UINT64_MAX);
	world_pass(SETTLE_MS);
	CHECK(world.p.renew_at > 0);
	world_end();
}

/* inotify: the folder of the file, each symbolic link on the way, and, if a folder is
 * missing, the one above. */
static void test_changes_are_heard(void **state)
{
	static const struct {
		const char *setting, *changed;
	} cases[] = {
		{ "tls/a.pem", "tls/a.pem" },
		{ "tls/a.pem", "tls/other" },
		{ "link/a.pem", "real/a.pem" },
		{ "link/a.pem", "else" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[256];

		world_begin("");
		world_mkdir("tls");
		world_mkdir("real");
		snprintf(text, sizeof text, "%s/link", world.dir);
		CHECK_EQ(symlink("real", text), 0);
		write_made("tls/a.pem", first);
		write_made("real/a.pem", first);
		snprintf(text, sizeof text, "tls-certificate = {\"%s/%s\"}\n",
			 world.dir, cases[i].setting);
		world_configure(text);
		CHECK(generation_start(&world.p));
		renewal_watch(&world.p);
		struct pollfd heard = { world.p.watch, POLLIN, 0 };
		CHECK_EQ(poll(&heard, 1, 0), 0);
		world_file(cases[i].changed, "");
		CHECK_EQ(poll(&heard, 1, 0), 1);
		renewal_heard(&world.p);
		CHECK_EQ(poll(&heard, 1, 0), 0);
		world_end();
	}
}

/* ---- the age of certificates ---- */

/* An hour after the certificate was made: away from the second in which a day is over.
 */
static int64_t hour_after(const struct made *m)
{
	struct tm end;

	CHECK_EQ(ASN1_TIME_to_tm(X509_get0_notAfter(m->cert), &end), 1);
	return timegm(&end) - 30 * DAY + 3600;
}

/* Once a day; three weeks before the end, and after it. */
static void test_the_age_of_a_certificate_is_logged(void **state)
{
	static const struct {
		int days_later;
		const char *said;
	} cases[] = {
		{ 0, NULL },
		{ 8, NULL },
		{ 9, "event=certificate-expires file=" },
		{ 10, "days=19" },
		{ 29, "days=0" },
		{ 31, "event=certificate-expired file=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		serve_tls("");
		world.wall_s = hour_after(first) + cases[i].days_later * DAY;
		peer_log_begin();
		log_to(world_log);
		world_pass(ONE_DAY_MS - 1);
		CHECK(!peer_log_has("certificate-e"));
		world_pass(1);
		if (cases[i].said && !peer_log_has(cases[i].said))
			fail_msg("%d days: %s", cases[i].days_later, peer_log);
		CHECK_EQ(peer_log_has("certificate-e"), cases[i].said != NULL);
		CHECK_EQ(renewal_next_due(&world.p), world.now_ms + ONE_DAY_MS);
		world_end();
	}
}

/* One that its issuer signed, which the file lacks and this system does not know. */
static void test_an_incomplete_chain_is_logged(void **state)
{
	(void)state;
	serve_tls("");
	write_made("tls/a.pem", other);
	renewal_heard(&world.p);
	world_pass(SETTLE_MS);
	CHECK(told_is(other));
	world_pass(ONE_DAY_MS);
	CHECK(peer_log_has("event=certificate-chain-incomplete file="));
	world_end();
}

static void test_a_staple_that_is_none_is_logged_and_not_fatal(void **state)
{
	char more[256];

	(void)state;
	world_begin("");
	world_mkdir("tls");
	write_made("tls/a.pem", first);
	world_file("tls/a.ocsp", "nonsense");
	snprintf(more, sizeof more,
		 "tls-certificate = {\"%s/tls/a.pem\"}\ntls-ocsp = "
		 "{\"%s/tls/a.ocsp\"}\n",
		 world.dir, world.dir);
	world_configure(more);
	CHECK(generation_start(&world.p));
	world_pass(0);
	CHECK(peer_log_has("event=staple-unusable file="));
	CHECK(peer_log_has("what=\"it is no OCSP response in DER form\""));
	world_end();
}

/* A certificate that has expired is used at the start, for want of a better one, but it
 * never replaces another. */
static void test_an_expired_certificate_replaces_none(void **state)
{
	static const struct {
		int days_later;
		const char *said;
	} cases[] = { { 31, "has expired" }, { -2, "is not good yet" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		serve_tls("");
		world.wall_s = time(NULL) + cases[i].days_later * DAY;
		write_made("tls/a.pem", second);
		renewal_heard(&world.p);
		world_pass(SETTLE_MS);
		CHECK(told_is(NULL));
		CHECK(peer_log_has("event=certificate-refused"));
		CHECK(peer_log_has(cases[i].said));
		world_end();
	}
	serve_tls("");
	world.wall_s = time(NULL) + 31 * DAY;
	world.p.generations->draining = true;
	struct generation *old = world.p.generations;
	CHECK(generation_start(&world.p));
	CHECK(world.p.generations != old);
	world_end();
}

/* ---- ticket keys ---- */

static void test_ticket_keys_rotate(void **state)
{
	char before[80];

	(void)state;
	serve_tls("");
	const struct child *c = world_child(ROLE_FRONT, 0);
	memcpy(before, world.p.keys[0], sizeof before);
	CHECK(!world.p.has_before);
	world_pass(TWO_HOURS_MS - 1);
	CHECK(memcmp(before, world.p.keys[0], sizeof before) == 0);
	CHECK_TEXT(world_heard(c), "");
	world_pass(1);
	CHECK(memcmp(before, world.p.keys[0], sizeof before) != 0);
	CHECK(memcmp(before, world.p.keys[1], sizeof before) == 0);
	CHECK(world.p.has_before);
	CHECK_TEXT(world_heard(c), "TICKET_KEYS ");
	CHECK_TEXT(world_heard(world_child(ROLE_AUTH, 0)), "");
	CHECK_EQ(world.p.rotate_at, world.now_ms + TWO_HOURS_MS);
	world_end();
}

static void test_without_random_octets_the_old_ticket_key_stays(void **state)
{
	char before[80];

	(void)state;
	serve_tls("");
	memcpy(before, world.p.keys[0], sizeof before);
	world.random_fails = true;
	world_pass(TWO_HOURS_MS);
	CHECK(memcmp(before, world.p.keys[0], sizeof before) == 0);
	CHECK(!world.p.has_before);
	CHECK(peer_log_has("event=ticket-keys-kept"));
	CHECK_TEXT(world_heard(world_child(ROLE_FRONT, 0)), "");
	CHECK(!tickets_begin(&world.p, world.now_ms));
	world_end();
}

/* ---- the relay to syslog ---- */

/* Each datagram is a line with its priority; one without is not ours, and an error. */
static void test_lines_of_children_go_to_syslog(void **state)
{
	static const char *const datagrams[] = { "<6>a line", "<0>%s%n",    "<3>",
						 "no mark",   "<9>not one", "<",
						 "<6" };
	struct settings s;

	(void)state;
	world_begin("");
	close(world.p.log);
	CHECK_EQ(settings_init(&s), FAULT_NONE);
	CHECK(relay_open(&world.p, &s));
	settings_done(&s);
	CHECK_EQ(world.p.log_kind, LOGSINK_RELAY);
	world_lines[0] = '\0';
	relay_pass_on(&world.p);
	CHECK_TEXT(world_lines, "");
	for (size_t i = 0; i < sizeof datagrams / sizeof *datagrams; i++)
		CHECK_EQ(send(world.p.log, datagrams[i], strlen(datagrams[i]), 0),
			 strlen(datagrams[i]));
	relay_pass_on(&world.p);
	CHECK_TEXT(world_lines,
		   "6:a line\n0:%s%n\n3:\n3:no mark\n3:<9>not one\n3:<\n3:<6\n");
	close(world.p.relay);
	world_end();
}

/* ---- systemd ---- */

static void test_systemd_is_told_where_it_listens(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char text[64];

	(void)state;
	world_begin("");
	snprintf(at.sun_path, sizeof at.sun_path, "%s/notify", world.dir);
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK_EQ(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
	unsetenv("NOTIFY_SOCKET");
	notify_systemd("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	notify_systemd("READY=1");
	CHECK_EQ(recv(fd, text, sizeof text, MSG_DONTWAIT), -1);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	notify_systemd("READY=1");
	CHECK_EQ(recv(fd, text, sizeof text, MSG_DONTWAIT), 7);
	CHECK(memcmp(text, "READY=1", 7) == 0);
	close(fd);
	/* An abstract name begins with a NUL, which the variable writes as '@'. */
	const int abstract = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const int len = snprintf(name.sun_path, sizeof name.sun_path,
				 "@poplar-test-%ld", (long)getpid());
	setenv("NOTIFY_SOCKET", name.sun_path, 1);
	name.sun_path[0] = '\0';
	CHECK_EQ(
		bind(abstract, (const struct sockaddr *)&name,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
		0);
	notify_systemd("STOPPING=1");
	CHECK_EQ(recv(abstract, text, sizeof text, MSG_DONTWAIT), 10);
	close(abstract);
	unsetenv("NOTIFY_SOCKET");
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_new_certificate_goes_to_the_fronts),
		TEST(test_what_did_not_change_is_not_told),
		TEST(test_a_bad_certificate_is_refused_once),
		TEST(test_a_restarted_front_gets_the_good_certificate),
		TEST(test_a_draining_generation_is_not_renewed),
		TEST(test_nothing_is_renewed_while_stopping),
		TEST(test_changes_are_heard),
		TEST(test_the_age_of_a_certificate_is_logged),
		TEST(test_an_incomplete_chain_is_logged),
		TEST(test_a_staple_that_is_none_is_logged_and_not_fatal),
		TEST(test_an_expired_certificate_replaces_none),
		TEST(test_ticket_keys_rotate),
		TEST(test_without_random_octets_the_old_ticket_key_stays),
		TEST(test_lines_of_children_go_to_syslog),
		TEST(test_systemd_is_told_where_it_listens),
	};

	if (!tls_start())
		return 1;
	first = make("one.example.org", -1, "DNS:one.example.org", NULL, false);
	second = make("two.example.org", -1, "DNS:two.example.org", NULL, false);
	other = make("three.example.org", -1, "DNS:three.example.org", second, false);
	const int failed = RUN(tests);
	unmake(first);
	unmake(second);
	unmake(other);
	return failed;
}
