/* Promises of authd/lookups: what a lookup process can do to a login, and what not. */
#include "memory.h"
#include "peer.h"
#include "wiped.h"

#include <pthread.h>
#include <sys/socket.h>

#include "auth/sasl/bearer.h"
#include "auth/user/scheme.h"
#include "authd/lookups.h"

enum { NUMBER = 7 };

/* A database, poplard's end of the report channel, and the ends of lookup processes. */
struct world {
	struct database_settings settings;
	struct lookups lookups;
	struct database *db;
	struct channel parent;
	struct channel process; /* its end; fd is -1 where there is none */
	/* of the last question */
	struct user_found out;
	struct why why;
};

/* Without a lookup process. */
static void world_begin(struct world *w, enum database_driver_id driver)
{
	int ours;

	peer_log_begin();
	*w = (struct world){ .settings = { .driver = driver, .timeout = 60000 },
			     .process.fd = -1 };
	w->parent = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_PARENT);
	w->parent.heard.has_started = true; /* poplar-auth has its sandbox */
	lookups_init(&w->lookups, ours);
	w->db = lookups_new(&w->lookups, &w->settings);
	CHECK(w->db);
	w->db->name = "people";
}

static void world_end(struct world *w)
{
	user_release(&w->out);
	w->db->driver->free(w->db);
	if (w->process.fd >= 0)
		close(w->process.fd);
	close(w->parent.fd);
	close(w->lookups.parent);
}

/* One more process; returns its end. */
static struct channel link_to(struct world *w, uint64_t number)
{
	int ours;
	struct channel process = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_LOOKUP);

	lookups_link(w->db, number, ours);
	return process;
}

/* With one process. */
static void world_begin_linked(struct world *w, enum database_driver_id driver)
{
	world_begin(w, driver);
	w->process = link_to(w, NUMBER);
}

static void say(struct channel process, struct message_LOOKUP_IS is)
{
	peer_say(process.fd,
		 &(const struct message){ .kind = MESSAGE_LOOKUP_IS, .LOOKUP_IS = is },
		 -1);
}

/* The process has its answer ready. */
static void answer(struct channel process, enum database_says says, struct span fields)
{
	say(process, (struct message_LOOKUP_IS){ .says = says, .fields = fields });
}

/* Forget what came of the last question. */
static void begin(struct world *w)
{
	user_release(&w->out);
	w->why = (struct why){ 0 };
}

/* A database that is down tells why; no system call has failed. */
static enum database_says came_of(const struct world *w, enum database_says says)
{
	CHECK(says != DATABASE_DOWN || w->why.fault);
	CHECK_EQ(w->why.sys, 0);
	return says;
}

static enum database_says find(struct world *w, struct span name)
{
	begin(w);
	return came_of(w, w->db->driver->find(w->db, name, &w->out, &w->why));
}

static enum database_says check(struct world *w, struct span name, struct span password)
{
	begin(w);
	return came_of(w, w->db->driver->check(w->db, name, password,
					       SPAN("127.0.0.1:1"), &w->out, &w->why));
}

/* What comes of a question about alice that the process answers so. */
static enum database_says find_alice(struct world *w, enum database_says says,
				     struct span fields)
{
	answer(w->process, says, fields);
	return find(w, SPAN("alice"));
}

static void expect_report(struct world *w, uint64_t number)
{
	CHECK_EQ(peer_hears(&w->parent, MESSAGE_LOOKUP_BROKEN, NULL)
			 ->LOOKUP_BROKEN.number,
		 number);
}

#define FIELDS(text) ((struct span){ text, sizeof(text) - 1 })

/* ---- promises ---- */

static void test_a_question_has_all_that_the_process_must_know(void **state)
{
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_CHECKPASSWORD);
	CHECK_EQ(find_alice(&w, DATABASE_UNKNOWN, SPAN("")), DATABASE_UNKNOWN);
	const struct message *m = peer_hears(&w.process, MESSAGE_LOOKUP_ASK, NULL);
	CHECK_EQ(m->LOOKUP_ASK.judge, 0);
	CHECK_SPAN(m->LOOKUP_ASK.user, "alice");
	CHECK_SPAN(m->LOOKUP_ASK.password, "");
	answer(w.process, DATABASE_UNKNOWN, SPAN(""));
	CHECK_EQ(check(&w, SPAN("bob"), SPAN("secret")), DATABASE_UNKNOWN);
	m = peer_hears(&w.process, MESSAGE_LOOKUP_ASK, NULL);
	CHECK_EQ(m->LOOKUP_ASK.judge, 1);
	CHECK_SPAN(m->LOOKUP_ASK.user, "bob");
	CHECK_SPAN(m->LOOKUP_ASK.password, "secret");
	CHECK_SPAN(m->LOOKUP_ASK.peer, "127.0.0.1:1");
	world_end(&w);
}

static void test_every_answer_has_its_result_and_its_story(void **state)
{
	static const struct {
		struct message_LOOKUP_IS is;
		enum database_says says;
		enum fault fault;
		const char *what;
	} cases[] = {
		{ { .says = DATABASE_UNKNOWN }, DATABASE_UNKNOWN, FAULT_NONE, "" },
		{ { .says = DATABASE_WRONG }, DATABASE_WRONG, FAULT_NONE, "" },
		{ { .says = DATABASE_WRONG, .trouble = SPAN("token has expired") },
		  DATABASE_WRONG,
		  FAULT_DENIED,
		  "people: token has expired" },
		{ { .says = DATABASE_RIGHT }, DATABASE_RIGHT, FAULT_NONE, "" },
		{ { .says = DATABASE_RIGHT, .trouble = SPAN("ignored") },
		  DATABASE_RIGHT,
		  FAULT_NONE,
		  "" },
		{ { .says = DATABASE_DOWN, .trouble = SPAN("no such table") },
		  DATABASE_DOWN,
		  FAULT_IO,
		  "people: no such table" },
		{ { .says = DATABASE_DOWN, .unfit = 1, .trouble = SPAN("home") },
		  DATABASE_DOWN,
		  FAULT_SETUP,
		  "people: home" },
		{ { .says = DATABASE_DOWN + 1 }, DATABASE_DOWN, FAULT_PEER, "people" },
		{ { .says = UINT64_MAX }, DATABASE_DOWN, FAULT_PEER, "people" },
	};
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		say(w.process, cases[i].is);
		CHECK_EQ(find(&w, SPAN("alice")), cases[i].says);
		CHECK_EQ(w.why.fault, cases[i].fault);
		CHECK_TEXT(w.why.what, cases[i].what);
	}
	CHECK_EQ(peer_got(&w.parent), CHANNEL_EMPTY); /* no answer costs the process */
	world_end(&w);
}

static void test_long_trouble_is_cut_and_still_names_the_database(void **state)
{
	char trouble[191];
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	memset(trouble, 'x', sizeof trouble);
	say(w.process,
	    (struct message_LOOKUP_IS){ .says = DATABASE_DOWN,
					.trouble = { trouble, sizeof trouble } });
	CHECK_EQ(find(&w, SPAN("alice")), DATABASE_DOWN);
	CHECK_EQ(strlen(w.why.what), sizeof w.why.what - 1);
	CHECK_EQ(strncmp(w.why.what, "people: xxx", 11), 0);
	world_end(&w);
}

static void test_fields_become_the_user(void **state)
{
	static const struct {
		struct span fields;
		const char *name, *home, *stored;
		uint32_t uid;
	} cases[] = {
		{ SPAN(""), "alice", "", "", 0 },
		{ FIELDS("home\0/h\0uid\0005\0"), "alice", "/h", "", 5 },
		{ FIELDS("user\0Alice@b\0password\0{PLAIN}x\0"), "Alice@b", "",
		  "{PLAIN}x", 0 },
		{ FIELDS("password\0{PLAIN}x\0password\0{PLAIN}y\0"), "alice", "",
		  "{PLAIN}y", 0 },
		{ FIELDS("colour\0blue\0home\0/h"), "alice", "/h", "", 0 },
	};
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(find_alice(&w, DATABASE_RIGHT, cases[i].fields),
			 DATABASE_RIGHT);
		CHECK_SPAN(w.out.user.name, cases[i].name);
		CHECK_SPAN(w.out.user.home, cases[i].home);
		CHECK_SPAN(w.out.user.stored, cases[i].stored);
		CHECK_EQ(w.out.user.uid, cases[i].uid);
		CHECK(w.out.owner && w.out.release);
	}
	CHECK_TEXT(peer_log, "");
	world_end(&w);
}

static void test_a_malformed_field_refuses_the_user_and_is_logged(void **state)
{
	static const struct {
		struct span fields;
		const char *logged;
	} cases[] = {
		{ FIELDS("uid\0x\0home\0/h\0"), "what=\"uid is not a number\"" },
		{ FIELDS("home\0/h\0nologin\0maybe\0"),
		  "what=\"disabled is neither yes nor no\"" },
		{ FIELDS("user\0\0"), "" },
	};
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		peer_log_begin();
		CHECK_EQ(find_alice(&w, DATABASE_RIGHT, cases[i].fields),
			 DATABASE_WRONG);
		CHECK(peer_log_has(cases[i].logged));
		CHECK_EQ(peer_log_has("event=user-refused database=people user=alice"),
			 *cases[i].logged != '\0');
	}
	world_end(&w);
}

static void test_a_field_over_its_bound_is_noted_and_left_empty(void **state)
{
	static const struct {
		const char *field;
		size_t most;
	} cases[] = { { "password", USER_STORED_MAX },
		      { "user", USER_NAME_MAX },
		      { "home", USER_PATH_MAX } };
	static char fields[8192];
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t over = 0; over <= 1; over++) {
			const size_t start = strlen(cases[i].field) + 1;
			const size_t len = cases[i].most + over;

			memcpy(fields, cases[i].field, start);
			memset(fields + start, '/', len);
			fields[start + len] = '\0';
			CHECK_EQ(find_alice(&w, DATABASE_RIGHT,
					    (struct span){ fields, start + len + 1 }),
				 DATABASE_RIGHT);
			if (over)
				CHECK_TEXT(w.out.user.over, cases[i].field);
			else
				assert_null(w.out.user.over);
			CHECK_EQ(w.out.user.name.len + w.out.user.stored.len +
					 w.out.user.home.len,
				 (over ? 0 : len) + (i == 1 ? 0 : strlen("alice")));
		}
	}
	world_end(&w);
}

/* ---- processes ---- */

static void test_without_a_free_process_the_login_is_told_so_in_time(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, DRIVER_SQLITE);
	for (unsigned waiters = 0; waiters <= 1;
	     waiters++) { /* at once, and after 1 ms */
		struct database_settings impatient = w.settings;

		impatient.timeout = waiters ? 1 : 60000;
		w.db->driver->free(w.db);
		w.db = lookups_new(&w.lookups, &impatient);
		w.db->name = "people";
		w.lookups.waiters_max = waiters;
		CHECK_EQ(find(&w, SPAN("alice")), DATABASE_DOWN);
		CHECK_EQ(w.why.fault, FAULT_LIMIT);
		CHECK_TEXT(w.why.doing, "find a free process to ask database");
		CHECK_EQ(w.lookups.waiters, 0);
	}
	CHECK_EQ(peer_got(&w.parent), CHANNEL_EMPTY);
	world_end(&w);
}

struct login {
	struct database *db;
	enum database_says says;
	pthread_t thread;
};

static void *log_in(void *arg)
{
	struct login *l = arg;
	struct user_found out = { 0 };
	struct why why = { 0 };

	l->says = l->db->driver->find(l->db, SPAN("alice"), &out, &why);
	user_release(&out);
	return NULL;
}

static void until_waiting(struct world *w, unsigned count)
{
	for (unsigned waiters = count + 1; waiters != count; sched_yield()) {
		pthread_mutex_lock(&w->lookups.mutex);
		waiters = w->lookups.waiters;
		pthread_mutex_unlock(&w->lookups.mutex);
	}
}

static void test_a_login_waits_for_a_process_to_be_free(void **state)
{
	struct world w;
	struct login first;
	int ours;

	(void)state;
	world_begin(&w, DRIVER_SQLITE);
	first = (struct login){ .db = w.db };
	CHECK_EQ(pthread_create(&first.thread, NULL, log_in, &first), 0);
	until_waiting(&w, 1);
	CHECK_EQ(find(&w, SPAN("bob")), DATABASE_DOWN); /* one waits at a time */
	CHECK_EQ(w.why.fault, FAULT_LIMIT);
	w.process = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_LOOKUP);
	answer(w.process, DATABASE_RIGHT, SPAN(""));
	lookups_link(w.db, NUMBER, ours);
	pthread_join(first.thread, NULL);
	CHECK_EQ(first.says, DATABASE_RIGHT);
	CHECK_EQ(w.lookups.waiters, 0);
	answer(w.process, DATABASE_RIGHT, SPAN("")); /* and is free for the next */
	CHECK_EQ(find(&w, SPAN("bob")), DATABASE_RIGHT);
	world_end(&w);
}

static void test_a_process_that_died_while_free_is_reported_and_passed_over(
	void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, DRIVER_SQLITE);
	w.process = link_to(&w, 1);
	for (uint64_t i = 2; i <= 3; i++)
		close(link_to(&w, i).fd);
	CHECK_EQ(find_alice(&w, DATABASE_RIGHT, SPAN("")), DATABASE_RIGHT);
	expect_report(&w, 3);
	expect_report(&w, 2);
	CHECK_EQ(peer_got(&w.parent), CHANNEL_EMPTY);
	world_end(&w);
}

/* Whatever ends a question ends one process, once, and one login. */
static void test_a_process_that_fails_at_a_question_is_reported_and_closed(void **state)
{
	static const struct {
		bool says_nonsense, dies;
		enum fault fault;
		const char *doing;
	} cases[] = {
		{ true, false, FAULT_PEER, "hear the process that asks database" },
		{ false, true, FAULT_PEER, "hear the process that asks database" },
		{ false, false, FAULT_LIMIT, "wait for an answer of database" },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int ours;

		world_begin(&w, DRIVER_SQLITE);
		w.process = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_LOOKUP);
		channel_receive_timeout(ours, 1);
		lookups_link(w.db, NUMBER, ours);
		if (cases[i].says_nonsense)
			CHECK_EQ(send(w.process.fd, "\xff", 1, 0), 1);
		if (cases[i].dies)
			shutdown(w.process.fd, SHUT_WR);
		CHECK_EQ(find(&w, SPAN("alice")), DATABASE_DOWN);
		CHECK_EQ(w.why.fault, cases[i].fault);
		CHECK_TEXT(w.why.doing, cases[i].doing);
		expect_report(&w, NUMBER);
		CHECK_EQ(peer_got(&w.parent), CHANNEL_EMPTY);
		peer_hears(&w.process, MESSAGE_LOOKUP_ASK, NULL);
		CHECK_EQ(peer_got(&w.process), CHANNEL_CLOSED);
		world_end(&w);
	}
}

static void test_a_question_over_its_bounds_costs_no_process(void **state)
{
	char octets[256];
	const struct span longest = { octets, 255 }, longer = { octets, 256 };
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	memset(octets, 'x', sizeof octets);
	answer(w.process, DATABASE_UNKNOWN, SPAN(""));
	CHECK_EQ(find(&w, longest), DATABASE_UNKNOWN);
	CHECK_EQ(find(&w, longer), DATABASE_DOWN);
	CHECK_EQ(w.why.fault, FAULT_UNSENDABLE);
	CHECK_TEXT(w.why.doing, "send the question to database");
	CHECK_EQ(find_alice(&w, DATABASE_UNKNOWN, SPAN("")), DATABASE_UNKNOWN);
	CHECK_EQ(peer_got(&w.parent), CHANNEL_EMPTY);
	world_end(&w);
}

static void test_a_password_that_no_mechanism_carries_is_not_asked_about(void **state)
{
	static const struct {
		enum database_driver_id driver;
		size_t most;
	} cases[] = { { DRIVER_CHECKPASSWORD, SCHEME_PASSWORD_MAX },
		      { DRIVER_INTROSPECTION, BEARER_TOKEN_MAX } };
	static char password[BEARER_TOKEN_MAX + 1];
	struct world w;

	(void)state;
	memset(password, 'x', sizeof password);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin_linked(&w, cases[i].driver);
		const struct span longest = { password, cases[i].most },
				  longer = { password, cases[i].most + 1 };
		CHECK_EQ(check(&w, SPAN("a"), longer), DATABASE_WRONG);
		CHECK_EQ(peer_got(&w.process), CHANNEL_EMPTY);
		answer(w.process, DATABASE_UNKNOWN, SPAN(""));
		CHECK_EQ(check(&w, SPAN("a"), longest), DATABASE_UNKNOWN);
		world_end(&w);
	}
}

/* ---- names that nobody has ---- */

/* What is stored of the user who stands in; empty: nobody does. */
static struct span stand_in(struct world *w, unsigned wants)
{
	begin(w);
	const bool found =
		w->db->driver->stand_in(w->db, SPAN("nobody"), wants, &w->out);

	CHECK(found == (w->out.owner && w->out.release));
	return w->out.user.stored;
}

static void test_the_first_stored_password_stands_in_for_unknown_names(void **state)
{
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	CHECK_SPAN(stand_in(&w, 0), "");
	const struct span answers[] = { SPAN(""), FIELDS("password\0{PLAIN}x\0"),
					FIELDS("password\0{CRYPT}y\0") };
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		CHECK_EQ(find_alice(&w, DATABASE_RIGHT, answers[i]), DATABASE_RIGHT);
		CHECK_SPAN(stand_in(&w, 0), i > 0 ? "{PLAIN}x" : "");
	}
	CHECK_SPAN(stand_in(&w, SCHEME_PLAIN | SCHEME_SCRAM_1), "{PLAIN}x");
	CHECK_SPAN(stand_in(&w, SCHEME_SCRAM_1), "");
	world_end(&w);
}

static void test_only_a_database_that_judges_is_asked_to(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, DRIVER_SQLITE);
	CHECK(!w.db->driver->check && w.db->driver->stand_in);
	world_end(&w);
	world_begin(&w, DRIVER_PAM);
	CHECK(w.db->driver->check && !w.db->driver->stand_in);
	world_end(&w);
}

static void test_its_processes_end_with_the_database(void **state)
{
	struct channel processes[2];
	struct world w;

	(void)state;
	world_begin(&w, DRIVER_SQLITE);
	for (int i = 0; i < 2; i++)
		processes[i] = link_to(&w, NUMBER);
	world_end(&w);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(peer_got(&processes[i]), CHANNEL_CLOSED);
		close(processes[i].fd);
	}
}

static void test_a_stored_password_is_wiped_behind_its_use(void **state)
{
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	wiped_begin();
	CHECK_EQ(find_alice(&w, DATABASE_RIGHT, FIELDS("password\0stored-secret\0")),
		 DATABASE_RIGHT);
	CHECK_EQ(times_wiped("stored-secret"), 2); /* the message, sent and received */
	wiped_begin();
	user_release(&w.out);
	CHECK_EQ(times_wiped("stored-secret"), 1); /* the answer */
	wiped_begin();
	world_end(&w);
	CHECK_EQ(times_wiped("stored-secret"), 1); /* what stands in */
}

static void test_without_memory_a_login_fails_and_no_process_is_lost(void **state)
{
	int ours;
	struct world w;

	(void)state;
	world_begin_linked(&w, DRIVER_SQLITE);
	CHECK_EQ(find_alice(&w, DATABASE_RIGHT, FIELDS("password\0{PLAIN}x\0")),
		 DATABASE_RIGHT);
	struct channel other = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_LOOKUP);
	memory_left = 0;
	CHECK_EQ(find_alice(&w, DATABASE_RIGHT, SPAN("")), DATABASE_DOWN);
	CHECK_EQ(w.why.fault, FAULT_NOMEM);
	CHECK_TEXT(w.why.doing, "keep the answer of database");
	CHECK_SPAN(stand_in(&w, 0), "");
	lookups_link(w.db, NUMBER + 1, ours);
	CHECK(!lookups_new(&w.lookups, &w.settings));
	memory_left = MEMORY_ENOUGH;
	CHECK_EQ(peer_got(&other), CHANNEL_CLOSED);
	CHECK_EQ(find_alice(&w, DATABASE_RIGHT, SPAN("")), DATABASE_RIGHT);
	CHECK_SPAN(stand_in(&w, 0), "{PLAIN}x");
	CHECK_EQ(peer_got(&w.parent), CHANNEL_EMPTY);
	close(other.fd);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_question_has_all_that_the_process_must_know),
		TEST(test_every_answer_has_its_result_and_its_story),
		TEST(test_long_trouble_is_cut_and_still_names_the_database),
		TEST(test_fields_become_the_user),
		TEST(test_a_malformed_field_refuses_the_user_and_is_logged),
		TEST(test_a_field_over_its_bound_is_noted_and_left_empty),
		TEST(test_without_a_free_process_the_login_is_told_so_in_time),
		TEST(test_a_login_waits_for_a_process_to_be_free),
		TEST(test_a_process_that_died_while_free_is_reported_and_passed_over),
		TEST(test_a_process_that_fails_at_a_question_is_reported_and_closed),
		TEST(test_a_question_over_its_bounds_costs_no_process),
		TEST(test_a_password_that_no_mechanism_carries_is_not_asked_about),
		TEST(test_the_first_stored_password_stands_in_for_unknown_names),
		TEST(test_only_a_database_that_judges_is_asked_to),
		TEST(test_its_processes_end_with_the_database),
		TEST(test_a_stored_password_is_wiped_behind_its_use),
		TEST(test_without_memory_a_login_fails_and_no_process_is_lost),
	};

	return RUN(tests);
}
