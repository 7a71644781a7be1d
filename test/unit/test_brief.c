/* Promises of parent/brief: which child is told what. */
#include "parentworld.h"

#include <sys/socket.h>

/* A configuration with a database that is asked, one that is not, and two boards. */
static void begin_with_everything(void)
{
	char more[1024];

	world_begin("");
	snprintf(more, sizeof more,
		 "xtnd = yes\n"
		 "database \"a\" { driver = sqlite path = /tmp/x.db query-find = "
		 "\"%%u\" processes = 1 timeout = 3s }\n"
		 "database \"b\" { driver = passwd-file }\n"
		 "board \"n\" { maildir = %s/mail/n readers = {\"*\"} }\n"
		 "board \"o\" { maildir = %s/mail/o readers = {\"*\"} }\n",
		 world.dir, world.dir);
	world_configure(more);
	CHECK(generation_start(&world.p));
	CHECK_EQ(world.count, 4);
}

/* Links are told when the second of two processes starts: before GO, or after it. */
static void test_each_role_is_told_its_own_things(void **state)
{
	static const struct {
		enum role role;
		const char *heard;
	} cases[] = {
		{ ROLE_LOOKUP, "SETTINGS DATABASE DIRECTORY GO AUTH_LINK " },
		{ ROLE_FRONT, "SETTINGS CONNLIMIT GO AUTH_LINK " },
		{ ROLE_DROP, "SETTINGS DIRECTORY GO AUTH_LINK " },
		{ ROLE_AUTH, "SETTINGS DIRECTORY DATABASE DATABASE BOARD BOARD "
			     "LOOKUP_LINK FRONT_LINK DROP_LINK GO " },
	};

	(void)state;
	begin_with_everything();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_TEXT(world_heard(world_child(cases[i].role, 0)), cases[i].heard);
	world_end();
}

/* The next message of this kind, past others. */
static const struct message *find(const struct child *c, enum message_kind kind,
				  int *fd)
{
	const struct message *m;

	while ((m = world_next(c, fd))->kind != kind)
		CHECK(m->kind != MESSAGE_COUNT);
	return m;
}

/* A link of poplar-auth names the process at its other end. */
static void test_links_name_who_is_at_the_other_end(void **state)
{
	(void)state;
	begin_with_everything();
	const struct child *auth = world_child(ROLE_AUTH, 0);
	const struct worker *lookup = world_worker(world_child(ROLE_LOOKUP, 0));
	const struct worker *front = world_worker(world_child(ROLE_FRONT, 0));
	const struct message *m = find(auth, MESSAGE_LOOKUP_LINK, NULL);
	CHECK_EQ(m->LOOKUP_LINK.database, 0);
	CHECK_EQ(m->LOOKUP_LINK.number, lookup->number);
	m = find(auth, MESSAGE_FRONT_LINK, NULL);
	CHECK_EQ(m->FRONT_LINK.number, front->number);
	m = find(auth, MESSAGE_DROP_LINK, NULL);
	CHECK_EQ(m->DROP_LINK.uid, 1000);
	CHECK_EQ(m->DROP_LINK.gid, 1001);
	CHECK_EQ(m->DROP_LINK.standard, true);
	world_end();
}

/* Both ends of a link are of one channel. poplar-auth waits for an answer of a lookup
 * process no longer than the database's timeout, and for no other. */
static void test_links_are_channels_with_timeouts(void **state)
{
	static const struct {
		enum role role;
		enum message_kind kind;
		unsigned receive_s;
	} cases[] = { { ROLE_LOOKUP, MESSAGE_LOOKUP_LINK, 3 },
		      { ROLE_FRONT, MESSAGE_FRONT_LINK, 0 },
		      { ROLE_DROP, MESSAGE_DROP_LINK, 0 } };
	struct timeval t;
	socklen_t len = sizeof t;
	char octet = 0;

	(void)state;
	begin_with_everything();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int ours, theirs;

		find(world_child(ROLE_AUTH, 0), cases[i].kind, &ours);
		find(world_child(cases[i].role, 0), MESSAGE_AUTH_LINK, &theirs);
		CHECK_EQ(write(theirs, "x", 1), 1);
		CHECK_EQ(read(ours, &octet, 1), 1);
		CHECK_EQ(getsockopt(ours, SOL_SOCKET, SO_SNDTIMEO, &t, &len), 0);
		CHECK_EQ(t.tv_sec, 10);
		CHECK_EQ(getsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &t, &len), 0);
		CHECK_EQ(t.tv_sec, cases[i].receive_s);
		close(ours);
		close(theirs);
	}
	world_end();
}

/* The process of mail-user never leaves: it is told a drop-idle of 0. */
static void test_only_the_standard_maildrop_process_stays_for_ever(void **state)
{
	const struct worker *standard, *other;

	(void)state;
	world_serve("drop-idle = 7m\n");
	world.as_root = true;
	const struct message wanted = { .kind = MESSAGE_DROP_WANTED,
					.DROP_WANTED = { 2000, 2001 } };
	world_say(world_child(ROLE_AUTH, 0), &wanted);
	CHECK_EQ(world_starts(ROLE_DROP), 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct child *c = world_child(ROLE_DROP, i);
		struct settings told = { 0 };

		world_heard(c);
		world.heard[c - world.children] = (struct message_history){ 0 };
		tell_all(&world.p, world_worker(c));
		const struct message *m = find(c, MESSAGE_SETTINGS, NULL);
		CHECK_EQ(settings_init(&told), FAULT_NONE);
		CHECK_EQ(settings_unpack(&told, ROLE_DROP, m->SETTINGS.values),
			 FAULT_NONE);
		CHECK_EQ(told.drop_idle, i == 0 ? 0 : 420);
		settings_done(&told);
	}
	standard = world_worker(world_child(ROLE_DROP, 0));
	other = world_worker(world_child(ROLE_DROP, 1));
	CHECK(standard->standard && !other->standard);
	world_end();
}

/* DIRECTORY: the users' folder for poplar-auth, the mail root for poplar-drop. */
static void test_directories_are_those_of_the_settings(void **state)
{
	static const struct {
		enum role role;
		const char *name;
	} cases[] = { { ROLE_AUTH, "auth" }, { ROLE_DROP, "mail" } };

	(void)state;
	begin_with_everything();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stat told, meant;
		char path[128];
		int fd;

		find(world_child(cases[i].role, 0), MESSAGE_DIRECTORY, &fd);
		snprintf(path, sizeof path, "%s/%s", world.dir, cases[i].name);
		CHECK(fstat(fd, &told) == 0 && stat(path, &meant) == 0);
		CHECK_EQ(told.st_ino, meant.st_ino);
		close(fd);
	}
	world_end();
}

/* One row of settings for each board and database, under its name. */
static void test_sections_are_told_by_name(void **state)
{
	static const char *const names[] = { "a", "b", "n", "o" };

	(void)state;
	begin_with_everything();
	for (size_t i = 0; i < 4; i++) {
		const struct message *m = find(world_child(ROLE_AUTH, 0),
					       i < 2 ? MESSAGE_DATABASE : MESSAGE_BOARD,
					       NULL);

		CHECK_SPAN(i < 2 ? m->DATABASE.name : m->BOARD.name, names[i]);
		CHECK((i < 2 ? m->DATABASE.values : m->BOARD.values).len > 0);
	}
	const struct message *m =
		find(world_child(ROLE_LOOKUP, 0), MESSAGE_DATABASE, NULL);
	CHECK_SPAN(m->DATABASE.name, "a");
	world_end();
}

/* A front that starts while its generation serves gets the ports before GO, and only
 * those that the settings name. */
static void test_a_front_of_a_serving_generation_gets_its_ports(void **state)
{
	(void)state;
	world_serve("");
	char name[] = "127.0.0.1:111";
	struct port other = { .fd = world.p.log, .name = name };
	other.next = world.p.ports;
	world.p.ports = &other;
	world_die(world_child(ROLE_FRONT, 0), 9);
	world_pass(0);
	CHECK_TEXT(world_heard(world_child(ROLE_FRONT, 1)),
		   "SETTINGS CONNLIMIT LISTENER AUTH_LINK GO ");
	world.p.ports = other.next;
	world_end();
}

static void test_a_leaving_maildrop_process_gets_no_new_link(void **state)
{
	(void)state;
	world_serve("");
	struct worker *drop = world_worker(world_child(ROLE_DROP, 0));
	drop->leaving = true;
	world_die(world_child(ROLE_AUTH, 0), 9);
	world_pass(0);
	CHECK_TEXT(world_heard(world_child(ROLE_DROP, 0)), "");
	CHECK(!strstr(world_heard(world_child(ROLE_AUTH, 1)), "DROP_LINK"));
	world_end();
}

/* The password of a database's own user travels as a descriptor. */
static void test_a_lookup_process_gets_its_secret(void **state)
{
	char more[512], text[8] = "";
	int fd;

	(void)state;
	for (int there = 0; there < 2; there++) {
		world_begin("");
		snprintf(more, sizeof more,
			 "database \"a\" { driver = postgresql connection = x "
			 "query-find = \"%%u\" processes = 1 password-file = "
			 "%s/secret }\n",
			 world.dir);
		world_configure(more);
		if (there)
			world_file("secret", "geheim");
		CHECK(generation_start(&world.p));
		const struct child *c = world_child(ROLE_LOOKUP, 0);
		CHECK_EQ(peer_log_has("event=configuration"), !there);
		CHECK_EQ(peer_log_has("database=a fault=setup doing=open"), !there);
		if (there) {
			find(c, MESSAGE_SECRET, &fd);
			CHECK_EQ(read(fd, text, sizeof text), 6);
			close(fd);
		}
		CHECK_EQ(strstr(world_heard(c), "SECRET") != NULL, false);
		world_end();
	}
}

static void test_ticket_keys_are_told_with_the_one_before_if_there_is_one(void **state)
{
	(void)state;
	world_serve("");
	const struct child *c = world_child(ROLE_FRONT, 0);
	memset(world.p.keys[0], 'n', sizeof world.p.keys[0]);
	memset(world.p.keys[1], 'b', sizeof world.p.keys[1]);
	for (int before = 0; before < 2; before++) {
		world.p.has_before = before;
		tell_ticket_keys(&world.p, world_worker(c));
		const struct message *m = find(c, MESSAGE_TICKET_KEYS, NULL);
		CHECK_EQ(m->TICKET_KEYS.now.len, 80);
		CHECK_EQ(m->TICKET_KEYS.now.at[79], 'n');
		CHECK_EQ(m->TICKET_KEYS.before.len, before ? 80 : 0);
		CHECK(!before || m->TICKET_KEYS.before.at[79] == 'b');
	}
	world_end();
}

/* A process that does not run is told nothing, and nothing is sent to descriptor -1. */
static void test_nobody_is_told_nothing(void **state)
{
	(void)state;
	world_serve("");
	struct worker *k = world_worker(world_child(ROLE_DROP, 0));
	own_fd_close(&k->channel.fd);
	tell_kind(k, MESSAGE_DRAIN);
	CHECK_EQ(k->channel.fd, -1);
	world_end();
}

/* What config/ accepts can be sent. */
static void test_the_longest_values_fit_their_messages(void **state)
{
	static const char octets[ROWS_PACKED_MAX];
	const struct span values = { octets, sizeof octets };
	const struct message messages[] = {
		{ .kind = MESSAGE_SETTINGS, .SETTINGS = { values } },
		{ .kind = MESSAGE_DATABASE, .DATABASE = { SPAN("a"), values } },
		{ .kind = MESSAGE_BOARD, .BOARD = { SPAN("a"), values } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		CHECK(!message_over(&messages[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_role_is_told_its_own_things),
		TEST(test_links_name_who_is_at_the_other_end),
		TEST(test_links_are_channels_with_timeouts),
		TEST(test_only_the_standard_maildrop_process_stays_for_ever),
		TEST(test_directories_are_those_of_the_settings),
		TEST(test_sections_are_told_by_name),
		TEST(test_a_front_of_a_serving_generation_gets_its_ports),
		TEST(test_a_leaving_maildrop_process_gets_no_new_link),
		TEST(test_a_lookup_process_gets_its_secret),
		TEST(test_ticket_keys_are_told_with_the_one_before_if_there_is_one),
		TEST(test_nobody_is_told_nothing),
		TEST(test_the_longest_values_fit_their_messages),
	};

	return RUN(tests);
}
