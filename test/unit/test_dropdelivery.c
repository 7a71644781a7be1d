/* Promises of dropd/delivery to poplar-lmtp, and of a poplar-drop that cannot trust it:
 * what each message is answered, that only one message comes, and that no file keeps a
 * thread waiting. The store is the real one, with Maildirs in a temporary folder. */
#include "dropworld.h"

#include <sys/resource.h>
#include <time.h>

#include "dropd/delivery.h"
#include "sys/file.h"

static struct {
	bool is_remote;    /* the file system is that of another machine */
	bool lacks_memfds; /* file_sealed fails */
} site;

bool __real_file_is_local(int fd);
bool __wrap_file_is_local(int fd);
bool __wrap_file_is_local(int fd)
{
	return !site.is_remote && __real_file_is_local(fd);
}

int __real_file_sealed(const char *name, struct span contents);
int __wrap_file_sealed(const char *name, struct span contents);
int __wrap_file_sealed(const char *name, struct span contents)
{
	return site.lacks_memfds ? -1 : __real_file_sealed(name, contents);
}

/* ---- the maildrop ---- */

static void world_begin(void)
{
	drop_begin();
	memset(&site, 0, sizeof site);
	memcpy(world.dropd.warning.host, "mx.test", sizeof "mx.test");
}

/* The number of files in a folder of the Maildir; `out` gets the text of the last in
 * the order of their names. */
static unsigned messages_in(const char *folder, char *out, size_t room)
{
	char path[128], last[300] = "", name[600];
	unsigned count = 0;

	snprintf(path, sizeof path, "%s/u/Maildir/%s", world.path, folder);
	DIR *all = opendir(path);
	for (struct dirent *d; all && (d = readdir(all));) {
		if (d->d_name[0] == '.')
			continue;
		count++;
		if (strverscmp(d->d_name, last) > 0)
			snprintf(last, sizeof last, "%s", d->d_name);
	}
	if (all)
		closedir(all);
	if (count == 0 || !out)
		return count;
	snprintf(name, sizeof name, "%s/%s", path, last);
	OWN_FD fd = open(name, O_RDONLY);
	const ssize_t n = fd < 0 ? -1 : pread(fd, out, room - 1, 0);
	CHECK(n >= 0);
	out[n] = '\0';
	return count;
}

static unsigned messages(void)
{
	return messages_in("new", NULL, 0);
}

/* ---- a delivery ---- */

static void grant(struct message_GRANT_DELIVERY how)
{
	int ours;

	if (!how.user.at)
		how.user = SPAN("alice");
	if (!how.path.at)
		how.path = SPAN("u/Maildir");
	how.peer = SPAN("192.0.2.1:1");
	world.peer = channel_of(peer_new(&ours), ROLE_DROP, ROLE_LMTP);
	dropd_delivery_begin(&world.dropd,
			     &(const struct message){ .kind = MESSAGE_GRANT_DELIVERY,
						      .GRANT_DELIVERY = how },
			     ours);
}

static void begin(struct message_GRANT_DELIVERY how)
{
	grant(how);
	peer_hears(&world.peer, MESSAGE_ACCEPTS, NULL);
	CHECK_EQ(atomic_load(&world.dropd.sessions), 1);
	CHECK(world.post);
}

static bool say_deliver(int fd, uint64_t octets)
{
	return say((struct message){ .kind = MESSAGE_DELIVER, .DELIVER = { octets } },
		   fd);
}

static int file_with(const char *text)
{
	const int fd = file_sealed("message", span_of(text));

	CHECK(fd >= 0);
	return fd;
}

static void check_failed(enum fault f)
{
	check_told(f);
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	CHECK(!world.post);
	end();
}

static void check_delivered(void)
{
	peer_hears(&world.peer, MESSAGE_DELIVERED, NULL);
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
}

static void deliver(struct message_GRANT_DELIVERY how, const char *text)
{
	begin(how);
	OWN_FD fd = file_with(text);
	CHECK(!say_deliver(fd, strlen(text)));
	check_delivered();
}

/* ---- what goes well ---- */

static void test_a_message_is_stored_and_the_delivery_ends(void **state)
{
	char text[64];

	(void)state;
	world_begin();
	const unsigned before = scratch_descriptors();
	deliver((struct message_GRANT_DELIVERY){ 0 }, "a: b\n\nc\n");
	CHECK_EQ(messages_in("new", text, sizeof text), 1);
	CHECK_TEXT(text, "a: b\n\nc\n");
	CHECK(peer_log_has("event=stored user=alice peer=192.0.2.1:1 octets=11"));
	CHECK_EQ(scratch_descriptors(), before);
	drop_end();
}

static void test_nothing_comes_of_a_delivery_that_is_given_up(void **state)
{
	(void)state;
	world_begin();
	const unsigned before = scratch_descriptors();
	begin((struct message_GRANT_DELIVERY){ 0 });
	CHECK(wake()); /* for nothing */
	end();
	CHECK(faccessat(world.dropd.root, "u/Maildir", F_OK, 0) < 0);
	CHECK_EQ(scratch_descriptors(), before);
	drop_end();
}

/* DELIVER has arrived, and then its sender has gone: it would send the message again.
 */
static void test_what_nobody_waits_for_is_not_stored(void **state)
{
	(void)state;
	world_begin();
	begin((struct message_GRANT_DELIVERY){ 0 });
	OWN_FD fd = file_with("x\n");
	const struct message m = { .kind = MESSAGE_DELIVER, .DELIVER = { 2 } };
	peer_say(world.peer.fd, &m, fd);
	own_fd_close(&world.peer.fd);
	CHECK(!wake());
	CHECK_EQ(messages(), 0);
	CHECK_EQ(messages_in("tmp", NULL, 0), 0);
	drop_end();
}

static int take_spool(void)
{
	int spool;

	CHECK(say((struct message){ .kind = MESSAGE_SPOOL }, -1));
	CHECK_EQ(peer_hears(&world.peer, MESSAGE_SPOOL_IS, &spool)->SPOOL_IS.fault,
		 FAULT_NONE);
	CHECK(spool >= 0);
	return spool;
}

/* ... with RWF_NOWAIT and without it; given by this delivery and by another one. */
static void test_a_large_message_comes_from_a_spool(void **state)
{
	char text[64];

	(void)state;
	for (int way = 0; way < 4; way++) {
		world_begin();
		const unsigned before = scratch_descriptors();
		world.lacks_pages = way & 1;
		begin((struct message_GRANT_DELIVERY){ 0 });
		int spool = take_spool();
		CHECK(pwrite(spool, "large\n", 6, 0) == 6);
		if (way & 2) {
			end();
			begin((struct message_GRANT_DELIVERY){ 0 });
		}
		CHECK(!say_deliver(spool, 6));
		check_delivered();
		close(spool);
		CHECK_EQ(messages_in("new", text, sizeof text), 1);
		CHECK_TEXT(text, "large\n");
		CHECK_EQ(scratch_descriptors(), before);
		drop_end();
	}
}

static void test_an_empty_message_from_a_spool(void **state)
{
	char text[8];

	(void)state;
	world_begin();
	begin((struct message_GRANT_DELIVERY){ 0 });
	OWN_FD spool = take_spool();
	CHECK(!say_deliver(spool, 0));
	check_delivered();
	CHECK_EQ(messages_in("new", text, sizeof text), 1);
	CHECK_TEXT(text, "");
	drop_end();
}

static void test_a_spool_that_cannot_be_had_ends_nothing(void **state)
{
	int spool;

	(void)state;
	world_begin();
	site.is_remote = true;
	begin((struct message_GRANT_DELIVERY){ 0 });
	CHECK(say((struct message){ .kind = MESSAGE_SPOOL }, -1));
	CHECK_EQ(peer_hears(&world.peer, MESSAGE_SPOOL_IS, &spool)->SPOOL_IS.fault,
		 FAULT_IO);
	CHECK_EQ(spool, -1);
	CHECK(peer_log_has("event=spool-failed user=alice"));
	OWN_FD fd = file_with("x\n");
	CHECK(!say_deliver(fd, 2));
	check_delivered();
	CHECK_EQ(messages(), 1);
	drop_end();
}

/* ---- what the maildrop refuses ---- */

static void test_a_maildrop_that_is_missing(void **state)
{
	(void)state;
	world_begin();
	grant((struct message_GRANT_DELIVERY){ .path = SPAN("v/Maildir") });
	check_failed(FAULT_SETUP);
	CHECK(peer_log_has("event=not-stored user=alice peer=192.0.2.1:1"));
	site_set(&world.dropd.threaded.child.settings, SETTING_ID_create_home, "yes");
	deliver((struct message_GRANT_DELIVERY){ .path = SPAN("v/Maildir") }, "x\n");
	CHECK(peer_log_has("event=home-made user=alice maildrop=v/Maildir"));
	drop_end();
}

static void test_the_quota_is_that_of_the_grant(void **state)
{
	(void)state;
	world_begin();
	deliver((struct message_GRANT_DELIVERY){ .quota_octets = 3 }, "x\n");
	grant((struct message_GRANT_DELIVERY){ .quota_octets = 3 });
	check_failed(FAULT_QUOTA);
	grant((struct message_GRANT_DELIVERY){ .quota_messages = 1 });
	check_failed(FAULT_QUOTA);
	grant((struct message_GRANT_DELIVERY){ .octets = 4, .quota_octets = 6 });
	check_failed(FAULT_QUOTA);
	begin((struct message_GRANT_DELIVERY){
		.octets = 4, .quota_octets = 6, .grace_octets = 1 });
	OWN_FD fd = file_with("abc\n"); /* one more than was announced */
	CHECK(!say_deliver(fd, 4));
	check_failed(FAULT_QUOTA);
	CHECK_EQ(messages(), 1);
	CHECK_EQ(messages_in("tmp", NULL, 0), 0);
	deliver((struct message_GRANT_DELIVERY){ .quota_octets = 6, .grace_octets = 2 },
		"abc\n");
	CHECK_EQ(messages(), 2);
	drop_end();
}

/* ---- what no sound poplar-lmtp sends ---- */

static void check_illegal(int fd, uint64_t octets)
{
	begin((struct message_GRANT_DELIVERY){ 0 });
	CHECK(!say_deliver(fd, octets));
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	CHECK(peer_log_has("event=front-broken user=alice what=DELIVER"));
	peer_log_begin();
	end();
	CHECK_EQ(messages(), 0);
}

static void test_a_file_that_is_none(void **state)
{
	int pipes[2], sockets[2];

	(void)state;
	world_begin();
	CHECK_EQ(mkfifoat(world.dropd.root, "fifo", 0600), 0);
	OWN_FD fifo = openat(world.dropd.root, "fifo", O_RDWR);
	OWN_FD folder = openat(world.dropd.root, "u", O_RDONLY | O_DIRECTORY);
	OWN_FD null = open("/dev/null", O_RDWR);
	CHECK(pipe(pipes) == 0 && channel_pair(sockets, NULL) == FAULT_NONE);
	const int files[] = { fifo, folder, null, pipes[0], pipes[1], sockets[0] };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		check_illegal(files[i], 0);
		check_illegal(files[i], 100);
	}
	for (int i = 0; i < 2; i++) {
		close(pipes[i]);
		close(sockets[i]);
	}
	drop_end();
}

static void test_a_file_of_another_length(void **state)
{
	static const uint64_t octets[] = { 0, 1, 3, UINT64_MAX, INT64_MAX };

	(void)state;
	world_begin();
	OWN_FD fd = file_with("x\n");
	for (size_t i = 0; i < sizeof octets / sizeof *octets; i++)
		check_illegal(fd, octets[i]);
	drop_end();
}

/* It is not even asked how long it is. Here /proc plays the file system of somebody
 * else. */
static void test_a_file_on_a_strange_file_system(void **state)
{
	(void)state;
	world_begin();
	world.lacks_pages = true;
	OWN_FD fd = open("/proc/self/maps", O_RDONLY);
	CHECK(fd >= 0);
	check_illegal(fd, 0);
	OWN_FD ours = openat(world.dropd.root, "ours", O_RDWR | O_CREAT, 0600);
	CHECK(ours >= 0 && write(ours, "x\n", 2) == 2);
	site.is_remote = true; /* a maildrop that gives no spool has got none back */
	check_illegal(ours, 2);
	drop_end();
}

static void test_one_message_only(void **state)
{
	const struct message m = { .kind = MESSAGE_DELIVER, .DELIVER = { 2 } };

	(void)state;
	world_begin();
	begin((struct message_GRANT_DELIVERY){ 0 });
	OWN_FD fd = file_with("x\n");
	peer_say(world.peer.fd, &m, fd);
	peer_say(world.peer.fd, &m, fd);
	CHECK(!wake());
	CHECK_EQ(messages(), 1);
	end();
	drop_end();
}

static void test_other_messages_end_the_delivery(void **state)
{
	static const struct message illegal[] = {
		{ .kind = MESSAGE_BODIES, .BODIES = { 1, 1 } },
		{ .kind = MESSAGE_COMMIT, .COMMIT = { 0, 0 } },
		{ .kind = MESSAGE_ACCEPTS },
		{ .kind = MESSAGE_DELIVERED },
	};

	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof illegal / sizeof *illegal; i++) {
		begin((struct message_GRANT_DELIVERY){ 0 });
		CHECK(!say(illegal[i], -1));
		CHECK(peer_log_has("event=front-broken user=alice what="));
		peer_log_begin();
		end();
	}
	begin((struct message_GRANT_DELIVERY){ 0 });
	close(take_spool());
	CHECK(!say((struct message){ .kind = MESSAGE_SPOOL }, -1)); /* once only */
	CHECK(peer_log_has("event=front-broken user=alice what=SPOOL"));
	end();
	CHECK_EQ(messages(), 0);
	drop_end();
}

/* ---- shortages ---- */

static void test_a_delivery_that_cannot_begin(void **state)
{
	static char path[4097];

	(void)state;
	world_begin();
	const unsigned before = scratch_descriptors();
	world.lacks_memory = true;
	grant((struct message_GRANT_DELIVERY){ 0 });
	world.lacks_memory = false;
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
	world.lacks_watches = true;
	grant((struct message_GRANT_DELIVERY){ 0 });
	peer_hears(&world.peer, MESSAGE_ACCEPTS, NULL);
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
	world.lacks_watches = false;
	grant((struct message_GRANT_DELIVERY){ .path = { "u\0x", 3 } });
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
	memset(path, 'x', 4096);
	grant((struct message_GRANT_DELIVERY){ .path = span_of(path) });
	check_failed(FAULT_IO);
	CHECK_EQ(scratch_descriptors(), before);
	drop_end();
}

/* No descriptor is free when DELIVER arrives. */
static void test_a_message_that_loses_its_file_is_not_stored(void **state)
{
	const struct message m = { .kind = MESSAGE_DELIVER, .DELIVER = { 2 } };
	struct rlimit limit, none;

	(void)state;
	world_begin();
	begin((struct message_GRANT_DELIVERY){ 0 });
	OWN_FD fd = file_with("x\n");
	peer_say(world.peer.fd, &m, fd);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK(!wake());
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK(peer_log_has("event=session-lost user=alice"));
	CHECK_EQ(peer_got(&world.peer), CHANNEL_CLOSED);
	end();
	CHECK_EQ(messages(), 0);
	drop_end();
}

/* ---- warnings ---- */

static void warn_at(const char *percent)
{
	site_set(&world.dropd.threaded.child.settings, SETTING_ID_quota_warn, percent);
}

static void test_one_warning_each_time_a_percent_is_crossed_upwards(void **state)
{
	const struct message_GRANT_DELIVERY how = { .quota_octets = 10000 };
	char text[1024], mail[2001];

	(void)state;
	world_begin();
	warn_at("80%");
	warn_at("50%");
	warn_at("95%");
	memset(mail, 'x', 2000);
	mail[1999] = '\n'; /* 2001 on the wire */
	mail[2000] = '\0';
	deliver(how, mail);
	deliver(how, mail);
	CHECK_EQ(messages(), 2);
	deliver(how, mail); /* 6003 */
	CHECK_EQ(messages_in("new", text, sizeof text), 4);
	CHECK(strstr(text, "Subject: Your mailbox is 50% full\n"));
	CHECK(strstr(text, "From: Mail system <postmaster@mx.test>\n"));
	CHECK(strstr(text, "The mailbox of alice is 50% full: it may hold 10000.\n"));
	CHECK(peer_log_has("event=quota-warning user=alice percent=50"));
	deliver(how, "x\n"); /* above it already */
	CHECK_EQ(messages(), 5);
	deliver(how, mail);
	CHECK_EQ(messages_in("new", text, sizeof text), 7);
	CHECK(strstr(text, "Subject: Your mailbox is 80% full\n"));
	drop_end();
}

static void test_messages_have_percents_too_and_the_highest_is_told(void **state)
{
	const struct message_GRANT_DELIVERY how = { .quota_messages = 3 };
	char text[1024];

	(void)state;
	world_begin();
	warn_at("20%");
	warn_at("30%");
	warn_at("90%");
	deliver(how, "x\n"); /* 1 of 3 is above 0.9 */
	CHECK_EQ(messages_in("new", text, sizeof text), 2);
	CHECK(strstr(text, "Subject: Your mailbox is 30% full\n"));
	CHECK(strstr(text, "it may hold 3 messages.\n"));
	drop_end();
}

static void test_without_quota_or_percents_nobody_is_warned(void **state)
{
	(void)state;
	world_begin();
	deliver((struct message_GRANT_DELIVERY){ .quota_messages = 1 }, "x\n");
	CHECK_EQ(messages(), 1);
	warn_at("1%");
	deliver((struct message_GRANT_DELIVERY){ 0 }, "x\n");
	CHECK_EQ(messages(), 2);
	drop_end();
}

static void test_the_template_of_the_site(void **state)
{
	struct warning *w = &world.dropd.warning;
	struct why why = { 0 };
	char text[1024];
	int pipes[2];

	(void)state;
	world_begin();
	warn_at("10%");
	OWN_FD fd = file_with("{user}|{percent}|{quota}|{host}|{date|{}\n");
	CHECK_EQ(warning_read(w, fd, &why), FAULT_NONE);
	CHECK(pipe(pipes) == 0);
	CHECK_EQ(warning_read(w, pipes[0], &why), FAULT_SETUP); /* the old one stays */
	close(pipes[0]);
	close(pipes[1]);
	deliver((struct message_GRANT_DELIVERY){ .quota_messages = 3 }, "x\n");
	CHECK_EQ(messages_in("new", text, sizeof text), 2);
	CHECK_TEXT(text, "alice|10|3 messages|mx.test|{date|{}\n");
	OWN_FD other = file_with("{date}");
	CHECK_EQ(warning_read(w, other, &why), FAULT_NONE);
	deliver((struct message_GRANT_DELIVERY){ .quota_octets = 1000 }, "x\n");
	CHECK_EQ(messages(), 3);
	deliver((struct message_GRANT_DELIVERY){ .user = SPAN("bob"),
						 .path = SPAN("u/Maildir"),
						 .quota_messages = 30 },
		"x\n");
	CHECK_EQ(messages_in("new", text, sizeof text), 5);
	struct tm tm = { 0 };
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	CHECK(end && *end == '\0');
	const time_t age = time(NULL) - timegm(&tm);
	CHECK(age >= 0 && age < 3600);
	drop_end();
}

static void test_the_host_of_warnings(void **state)
{
	struct warning w = { 0 };

	char host[256] = "";

	(void)state;
	warning_begin(&w);
	CHECK(gethostname(host, sizeof host - 1) == 0);
	CHECK_TEXT(w.host, host);
}

/* The message itself is stored all the same. */
static void test_a_warning_that_fails_is_a_line_in_the_log(void **state)
{
	(void)state;
	world_begin();
	warn_at("half"); /* no percent */
	warn_at("10%");
	begin((struct message_GRANT_DELIVERY){ .quota_messages = 3 });
	OWN_FD fd = file_with("x\n");
	site.lacks_memfds = true;
	CHECK(!say_deliver(fd, 2));
	check_delivered();
	CHECK(peer_log_has("event=warning-failed user=alice fault=nomem"));
	CHECK(!peer_log_has("event=quota-warning"));
	CHECK_EQ(messages(), 1);
	drop_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_message_is_stored_and_the_delivery_ends),
		TEST(test_nothing_comes_of_a_delivery_that_is_given_up),
		TEST(test_what_nobody_waits_for_is_not_stored),
		TEST(test_a_large_message_comes_from_a_spool),
		TEST(test_an_empty_message_from_a_spool),
		TEST(test_a_message_that_loses_its_file_is_not_stored),
		TEST(test_a_spool_that_cannot_be_had_ends_nothing),
		TEST(test_a_maildrop_that_is_missing),
		TEST(test_the_quota_is_that_of_the_grant),
		TEST(test_a_file_that_is_none),
		TEST(test_a_file_of_another_length),
		TEST(test_a_file_on_a_strange_file_system),
		TEST(test_one_message_only),
		TEST(test_other_messages_end_the_delivery),
		TEST(test_a_delivery_that_cannot_begin),
		TEST(test_one_warning_each_time_a_percent_is_crossed_upwards),
		TEST(test_messages_have_percents_too_and_the_highest_is_told),
		TEST(test_without_quota_or_percents_nobody_is_warned),
		TEST(test_the_template_of_the_site),
		TEST(test_the_host_of_warnings),
		TEST(test_a_warning_that_fails_is_a_line_in_the_log),
	};

	return store_start() ? RUN(tests) : 1;
}
