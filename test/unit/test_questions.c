/* Promises of lookupd/questions: what poplar-auth is answered for each verdict of a
 * database, what the database is never asked, and that no password stays in memory. The
 * database is a driver of the test's own. */
#include "peer.h"

#include "base/own.h"
#include "lookupd/questions.h"

static struct {
	struct questions q;
	struct channel auth;
	/* What the driver says. */
	enum database_says says;
	enum fault trouble;
	struct span fields;
	bool is_cut;
	/* What it was asked. */
	unsigned asked;
	bool judge;
	char name[256], password[256], peer[65];
} world;

static enum database_says answer(void *self, const struct lookup_question *q,
				 struct lookup_answer *a)
{
	static char room[MESSAGE_OCTETS_MAX];

	CHECK(self == &world);
	world.asked++;
	world.judge = q->judge;
	CHECK(span_copy(q->name, world.name, sizeof world.name));
	CHECK(span_copy(q->password, world.password, sizeof world.password));
	CHECK(span_copy(q->peer, world.peer, sizeof world.peer));
	if (world.fields.len > a->fields.room)
		a->fields = BUF(room);
	buf_put(&a->fields, world.fields);
	a->fields.cut = world.is_cut;
	if (world.trouble)
		fault_set(&a->why, world.trouble, 0, "reach", "the database");
	return world.says;
}

static const struct lookup_driver driver = { .ask = answer };

static void world_begin(void)
{
	int ours;

	memset(&world, 0, sizeof world);
	peer_log_begin();
	world.q =
		(struct questions){ .driver = &driver, .self = &world, .auth.fd = -1 };
	world.auth = channel_of(peer_new(&ours), ROLE_LOOKUP, ROLE_AUTH);
	questions_from(&world.q, ours);
}

static void world_end(void)
{
	own_fd_close(&world.q.auth.fd);
	own_fd_close(&world.auth.fd);
}

static void ask(struct message_LOOKUP_ASK question)
{
	peer_say(
		world.auth.fd,
		&(struct message){ .kind = MESSAGE_LOOKUP_ASK, .LOOKUP_ASK = question },
		-1);
	CHECK(questions_hear(&world.q));
}

static const struct message_LOOKUP_IS *answered(void)
{
	return &peer_hears(&world.auth, MESSAGE_LOOKUP_IS, NULL)->LOOKUP_IS;
}

static const struct message_LOOKUP_ASK alice = { .judge = 1,
						 .peer = SPAN("192.0.2.1:1"),
						 .user = SPAN("alice"),
						 .password = SPAN("correct horse") };

static void test_the_database_gets_the_question_as_it_came(void **state)
{
	(void)state;
	world_begin();
	ask(alice);
	CHECK_TEXT(world.name, "alice");
	CHECK_TEXT(world.password, "correct horse");
	CHECK_TEXT(world.peer, "192.0.2.1:1");
	CHECK(world.judge);
	answered();
	ask((struct message_LOOKUP_ASK){ .user = SPAN("bob") });
	CHECK_TEXT(world.name, "bob");
	CHECK_TEXT(world.password, "");
	CHECK(!world.judge);
	CHECK_EQ(world.asked, 2);
	world_end();
}

/* Only a right answer has fields, and only one that is down or wrong has a story. */
static void test_each_verdict_brings_what_belongs_to_it(void **state)
{
	static const struct {
		enum database_says says;
		const char *fields, *trouble;
	} cases[] = {
		{ DATABASE_UNKNOWN, "", "" },
		{ DATABASE_WRONG, "", "reach the database" },
		{ DATABASE_RIGHT, "uid", "" },
		{ DATABASE_DOWN, "", "reach the database" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin();
		world.says = cases[i].says;
		world.fields = SPAN("uid");
		world.trouble = FAULT_IO;
		ask(alice);
		const struct message_LOOKUP_IS *is = answered();
		CHECK_EQ(is->says, cases[i].says);
		CHECK_SPAN(is->fields, cases[i].fields);
		CHECK_SPAN(is->trouble, cases[i].trouble);
		CHECK_EQ(is->unfit, 0);
		world_end();
	}
}

/* A C library would take what stands before the NUL for the whole. */
static void test_a_nul_is_no_question_for_a_database(void **state)
{
	struct message_LOOKUP_ASK question = alice;

	(void)state;
	world_begin();
	world.says = DATABASE_RIGHT;
	question.user = SPAN("alice\0x");
	ask(question);
	CHECK_EQ(answered()->says, DATABASE_UNKNOWN);
	question = alice;
	question.password = SPAN("correct horse\0");
	ask(question);
	CHECK_EQ(answered()->says, DATABASE_UNKNOWN);
	CHECK_EQ(world.asked, 0);
	world_end();
}

/* A field that is missing may be the one that locks the user out. */
static void test_a_user_without_all_fields_is_refused(void **state)
{
	(void)state;
	world_begin();
	world.says = DATABASE_RIGHT;
	world.fields = SPAN("uid");
	world.is_cut = true;
	world.trouble = FAULT_UNSENDABLE;
	ask(alice);
	const struct message_LOOKUP_IS *is = answered();
	CHECK_EQ(is->says, DATABASE_DOWN);
	CHECK_EQ(is->unfit, 1);
	CHECK_EQ(is->fields.len, 0);
	CHECK_SPAN(is->trouble, "reach the database");
	world_end();
}

/* The channel goes on: one user must not take the process from all others. */
static void test_an_answer_that_does_not_fit_refuses_this_user_only(void **state)
{
	static char many[8193];

	(void)state;
	world_begin();
	memset(many, 'x', sizeof many);
	world.says = DATABASE_RIGHT;
	for (size_t len = sizeof many - 1; len <= sizeof many; len++) {
		const bool fits = len < sizeof many;

		world.fields = (struct span){ many, len };
		ask(alice);
		const struct message_LOOKUP_IS *is = answered();
		CHECK_EQ(is->says, fits ? DATABASE_RIGHT : DATABASE_DOWN);
		CHECK_EQ(is->unfit, !fits);
		CHECK_EQ(is->fields.len, fits ? len : 0);
	}
	world.fields = SPAN("uid");
	ask(alice);
	CHECK_EQ(answered()->says, DATABASE_RIGHT);
	world_end();
}

static bool holds(struct span text)
{
	return memmem(&world.q, sizeof world.q, text.at, text.len);
}

static void test_no_password_is_kept(void **state)
{
	(void)state;
	world_begin();
	world.says = DATABASE_RIGHT;
	world.fields = SPAN("password\0{PLAIN}stored horse\0");
	ask(alice);
	CHECK_EQ(answered()->fields.len, world.fields.len);
	CHECK(!holds(SPAN("correct horse")));
	CHECK(!holds(SPAN("stored horse")));
	world_end();
}

/* ---- the channel ---- */

static void test_poplar_auth_may_be_silent_or_go(void **state)
{
	(void)state;
	world_begin();
	CHECK(questions_hear(&world.q));
	CHECK(world.q.auth.fd >= 0);
	own_fd_close(&world.auth.fd);
	CHECK(questions_hear(&world.q));
	CHECK_EQ(world.q.auth.fd, -1);
	CHECK_TEXT(peer_log, "");
	world_end();
}

static void test_a_new_link_takes_the_place_of_the_old_one(void **state)
{
	struct channel old;
	int ours;

	(void)state;
	world_begin();
	old = world.auth;
	world.auth = channel_of(peer_new(&ours), ROLE_LOOKUP, ROLE_AUTH);
	questions_from(&world.q, ours);
	CHECK_EQ(peer_got(&old), CHANNEL_CLOSED);
	close(old.fd);
	ask(alice);
	CHECK_EQ(answered()->says, DATABASE_UNKNOWN);
	world_end();
}

static void test_what_poplar_auth_may_not_say_ends_the_process(void **state)
{
	(void)state;
	world_begin();
	peer_say(world.auth.fd, &(struct message){ .kind = MESSAGE_DRAIN }, -1);
	CHECK(!questions_hear(&world.q));
	CHECK(peer_log_has("event=link-broken peer=poplar-auth message=DRAIN"));
	CHECK_EQ(world.asked, 0);
	world_end();
}

/* It must not block where poplar-auth reads nothing. */
static void test_a_poplar_auth_that_reads_nothing_is_left(void **state)
{
	(void)state;
	world_begin();
	for (unsigned i = 0; i < 100000 && world.q.auth.fd >= 0; i++)
		ask(alice);
	CHECK_EQ(world.q.auth.fd, -1);
	CHECK(world.asked > 1);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_database_gets_the_question_as_it_came),
		TEST(test_each_verdict_brings_what_belongs_to_it),
		TEST(test_a_nul_is_no_question_for_a_database),
		TEST(test_a_user_without_all_fields_is_refused),
		TEST(test_an_answer_that_does_not_fit_refuses_this_user_only),
		TEST(test_no_password_is_kept),
		TEST(test_poplar_auth_may_be_silent_or_go),
		TEST(test_a_new_link_takes_the_place_of_the_old_one),
		TEST(test_what_poplar_auth_may_not_say_ends_the_process),
		TEST(test_a_poplar_auth_that_reads_nothing_is_left),
	};

	return RUN(tests);
}
