/* Promises of authd/control: what the operator's tool is told, and what it gets. */
#include "memory.h"
#include "peer.h"
#include "site.h"

#include <errno.h>

#include "auth/cache.h"
#include "auth/sasl/sasl.h"
#include "auth/user/scheme.h"
#include "authd/control.h"

/* ---- the pool: one watched descriptor, woken by the test ---- */

static struct pool_fd *watched;
static bool refuses;

bool pool_watch(struct pool *pool, struct pool_fd *fd)
{
	(void)pool;
	watched = refuses ? NULL : fd;
	return !refuses;
}

void pool_again(struct pool *pool, struct pool_fd *fd)
{
	(void)pool;
	watched = fd;
}

/* Let poplar-auth read. True: it goes on watching. */
static bool wake(void)
{
	struct pool_fd *fd = watched;

	watched = NULL;
	fd->wake(NULL, fd);
	return watched != NULL;
}

/* ---- a database with one user, alice, and one that is down ---- */

static const char *down_path;
static bool needs_tls;

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	static const struct user alice = {
		.name = SPAN("alice"),
		.stored = SPAN("{PLAIN}secret"),
		.has_delay = true,
		.policy = { .login_delay = 20 },
	};

	if (db->stop_unknown) {
		fault_set(why, FAULT_IO, ENOENT, "open", down_path);
		return DATABASE_DOWN;
	}
	if (!span_is(name, "alice"))
		return DATABASE_UNKNOWN;
	out->user = alice;
	out->user.tls_required = needs_tls;
	if (db->stop_wrong)
		out->user.stored = (struct span){ 0 };
	return DATABASE_RIGHT;
}

/* It judges passwords itself, and tells none. */
static enum database_says judge(struct database *db, struct span name,
				struct span password, struct span peer,
				struct user_found *out, struct why *why)
{
	(void)peer;
	enum database_says says = find(db, name, out, why);

	return says != DATABASE_RIGHT || span_is(password, "secret") ? says
								     : DATABASE_WRONG;
}

static unsigned stores(struct database *db)
{
	(void)db;
	return SCHEME_PLAIN;
}

static const struct database_driver tells = { .name = "tells",
					      .find = find,
					      .stores = stores };
static const struct database_driver judges = { .name = "judges",
					       .find = find,
					       .check = judge };

struct world {
	struct settings settings;
	struct database people, down;
	struct logins logins;
	struct channel tool; /* the tool's end */
	struct channel drop; /* mail-user's process */
};

static void world_begin(struct world *w)
{
	int ours;

	peer_log_begin();
	refuses = needs_tls = false;
	down_path = "users.db";
	*w = (struct world){ .people = { .driver = &tells, .name = "people" } };
	w->logins.rules.databases = &w->people;
	w->logins.rules.realm = "";
	w->logins.allowed = MECHANISM_BIT(USER) | MECHANISM_BIT(PLAIN) |
			    MECHANISM_BIT(APOP) | MECHANISM_BIT(GSSAPI) |
			    MECHANISM_BIT(CRAM_MD5);
	site_begin(&w->settings);
	site_set(&w->settings, SETTING_ID_mail_root, "/m");
	site_set(&w->settings, SETTING_ID_login_delay_most, "1m");
	site_set(&w->settings, SETTING_ID_expire, "30,7");
	site_set(&w->settings, SETTING_ID_quota, "1k, 2 messages");
	drops_init(&w->logins.grants.drops, -1);
	CHECK(grants_start(&w->logins.grants, &w->settings, &w->logins.rules));
	w->drop = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_DROP);
	drops_link(&w->logins.grants.drops,
		   &(const struct message_DROP_LINK){ 8, 8, true }, ours);
	w->tool = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_TOOL);
	control_begin(NULL, ours, &w->logins);
}

static void world_end(struct world *w)
{
	if (watched) {
		close(w->tool.fd);
		CHECK(!wake());
	} else {
		close(w->tool.fd);
	}
	close(w->drop.fd);
	drops_done(&w->logins.grants.drops);
	settings_done(&w->settings);
}

static bool ask_by(struct world *w, bool tls, enum mechanism m, const char *user,
		   const char *password)
{
	const struct message asks = { .kind = MESSAGE_TEST_ASK,
				      .TEST_ASK = { .tls = tls,
						    .mechanism = m,
						    .peer = SPAN("127.0.0.1:1"),
						    .user = span_of(user),
						    .password = span_of(password) } };

	peer_say(w->tool.fd, &asks, -1);
	return wake();
}

static bool ask(struct world *w, enum mechanism m, const char *user,
		const char *password)
{
	return ask_by(w, true, m, user, password);
}

static void expect_says(struct world *w, const char *database, enum database_says says,
			const char *trouble)
{
	const struct message *m = peer_hears(&w->tool, MESSAGE_TEST_SAYS, NULL);

	CHECK_SPAN(m->TEST_SAYS.database, database);
	CHECK_EQ(m->TEST_SAYS.says, says);
	CHECK_SPAN(m->TEST_SAYS.trouble, trouble);
}

static void expect_looks(struct world *w, const char *name)
{
	CHECK_SPAN(peer_hears(&w->tool, MESSAGE_TEST_LOOKS, NULL)->TEST_LOOKS.user,
		   name);
}

static void test_a_login_shows_each_step_and_ends_in_the_users_maildrop(void **state)
{
	struct world w;
	int session;

	(void)state;
	world_begin(&w);
	w.down = (struct database){ .driver = &tells,
				    .name = "down",
				    .stop_unknown = true,
				    .next = &w.people };
	w.logins.rules.databases = &w.down;
	w.logins.rules.fold = true;
	CHECK(!ask(&w, MECHANISM_ID_USER, "Alice",
		   "secret")); /* one login, and the end */
	expect_looks(&w, "alice");
	expect_says(&w, "down", DATABASE_DOWN,
		    "open users.db: No such file or directory");
	expect_says(&w, "people", DATABASE_RIGHT, "");
	const struct message *m = peer_hears(&w.tool, MESSAGE_TEST_IS, NULL);
	CHECK_EQ(m->TEST_IS.fault, FAULT_NONE);
	CHECK_SPAN(m->TEST_IS.user, "alice");
	CHECK_SPAN(m->TEST_IS.path, "alice/Maildir");
	CHECK_EQ(m->TEST_IS.has_uid, 0);
	peer_hears(&w.tool, MESSAGE_TEST_DROP, &session);
	CHECK(session >= 0);
	close(session);
	m = peer_hears(&w.drop, MESSAGE_GRANT, NULL);
	CHECK_EQ(m->GRANT.as_is, 1);
	CHECK_EQ(m->GRANT.read_only, 1);
	CHECK_SPAN(m->GRANT.peer, "127.0.0.1:1");
	CHECK_EQ(peer_got(&w.tool), CHANNEL_CLOSED);
	world_end(&w);
}

static void test_a_login_that_fails_says_why_and_gives_no_maildrop(void **state)
{
	static const struct {
		uint64_t mechanism;
		const char *user, *password;
		bool judges; /* the database does, and tells no stored password */
		enum fault fault;
		const char *story;
	} cases[] = {
		{ MECHANISM_ID_USER, "alice", "wrong", false, FAULT_DENIED, "" },
		{ MECHANISM_ID_USER, "nobody", "secret", false, FAULT_DENIED, "" },
		{ MECHANISM_ID_USER, "alice", "wrong", true, FAULT_DENIED, "" },
		{ MECHANISM_ID_USER, "alice", "secret", true, FAULT_NONE, "" },
		{ MECHANISM_ID_APOP, "alice", "secret", false, FAULT_NONE, "" },
		{ MECHANISM_ID_CRAM_MD5, "alice", "secret", false, FAULT_NONE, "" },
		/* nobody of a database that judges can use it */
		{ MECHANISM_ID_APOP, "alice", "secret", true, FAULT_NO_MECHANISM,
		  "by the setting mechanisms" },
		{ MECHANISM_ID_LOGIN, "alice", "secret", false, FAULT_NO_MECHANISM,
		  "by the setting mechanisms" },
		{ MECHANISM_COUNT, "alice", "secret", false, FAULT_NO_MECHANISM,
		  "by the setting mechanisms" },
		{ UINT64_MAX, "alice", "secret", false, FAULT_NO_MECHANISM,
		  "by the setting mechanisms" },
	};
	struct channel_inbox inbox;
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool has_drop = false;

		world_begin(&w);
		w.people.driver = cases[i].judges ? &judges : &tells;
		w.people.stop_wrong = cases[i].judges;
		CHECK(!ask(&w, (enum mechanism)cases[i].mechanism, cases[i].user,
			   cases[i].password));
		do
			CHECK_EQ(channel_receive(&w.tool, CHANNEL_NOW, &inbox),
				 CHANNEL_MESSAGE);
		while (inbox.message.kind != MESSAGE_TEST_IS);
		CHECK_EQ(inbox.message.TEST_IS.fault, cases[i].fault);
		CHECK_SPAN(inbox.message.TEST_IS.trouble, cases[i].story);
		CHECK_SPAN(inbox.message.TEST_IS.path,
			   cases[i].fault ? "" : "alice/Maildir");
		if (channel_receive(&w.tool, CHANNEL_NOW, &inbox) == CHANNEL_MESSAGE) {
			CHECK_EQ(inbox.message.kind, MESSAGE_TEST_DROP);
			close(inbox.files.at[0]);
			has_drop = true;
		}
		CHECK_EQ(has_drop, cases[i].fault == FAULT_NONE);
		world_end(&w);
	}
}

static void test_a_long_story_is_cut_to_what_its_message_holds(void **state)
{
	static char path[256];
	struct channel_inbox inbox;
	struct world w;

	(void)state;
	memset(path, 'x', sizeof path - 1);
	for (int finds = 0; finds < 2; finds++) {
		world_begin(&w);
		down_path = path;
		w.people.stop_unknown = true;
		if (finds) {
			const struct message asks = { .kind = MESSAGE_FIND_ASK,
						      .FIND_ASK = { SPAN("alice") } };

			peer_say(w.tool.fd, &asks, -1);
			CHECK(wake());
			CHECK_EQ(peer_hears(&w.tool, MESSAGE_FIND_IS, NULL)
					 ->FIND_IS.trouble.len,
				 191);
			world_end(&w);
			continue;
		}
		CHECK(!ask(&w, MECHANISM_ID_USER, "alice", "secret"));
		expect_looks(&w, "alice");
		CHECK_EQ(peer_hears(&w.tool, MESSAGE_TEST_SAYS, NULL)
				 ->TEST_SAYS.trouble.len,
			 191);
		CHECK_EQ(channel_receive(&w.tool, CHANNEL_NOW, &inbox),
			 CHANNEL_MESSAGE);
		CHECK_EQ(inbox.message.TEST_IS.fault, FAULT_IO);
		CHECK_EQ(inbox.message.TEST_IS.trouble.len, 191);
		world_end(&w);
	}
}

static void test_the_rules_hold_for_the_way_that_is_tried(void **state)
{
	struct channel_inbox inbox;
	struct world w;

	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		world_begin(&w);
		needs_tls = true;
		CHECK(!ask_by(&w, tls, MECHANISM_ID_USER, "alice", "secret"));
		expect_looks(&w, "alice");
		expect_says(&w, "people", DATABASE_RIGHT, "");
		CHECK_EQ(channel_receive(&w.tool, CHANNEL_NOW, &inbox),
			 CHANNEL_MESSAGE);
		CHECK_EQ(inbox.message.TEST_IS.fault, tls ? FAULT_NONE : FAULT_DENIED);
		CHECK_SPAN(inbox.message.TEST_IS.trouble,
			   tls ? "" : "by the rule tls-required");
		world_end(&w);
	}
}

/* Two databases: the first would make the mechanism an offer, the second has the user.
 */
static void test_a_password_that_is_not_stored_for_the_mechanism_is_told(void **state)
{
	struct channel_inbox inbox;
	struct world w;

	(void)state;
	world_begin(&w);
	w.down = (struct database){ .driver = &judges,
				    .name = "judges",
				    .stop_wrong = true,
				    .next = &w.people };
	w.logins.rules.databases = &w.down;
	CHECK(!ask(&w, MECHANISM_ID_CRAM_MD5, "alice", "secret"));
	do
		CHECK_EQ(channel_receive(&w.tool, CHANNEL_NOW, &inbox),
			 CHANNEL_MESSAGE);
	while (inbox.message.kind != MESSAGE_TEST_IS);
	CHECK_EQ(inbox.message.TEST_IS.fault, FAULT_DENIED);
	CHECK_SPAN(inbox.message.TEST_IS.trouble,
		   "the password is not stored as it must be for CRAM-MD5");
	CHECK_EQ(peer_got(&w.tool), CHANNEL_CLOSED);
	world_end(&w);
}

static void test_no_failure_of_the_tool_is_answered_from_memory_or_logged(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	w.people.cache = cache_new(64, 60000);
	w.people.right_ms = w.people.wrong_ms = 60000;
	for (int i = 0; i < 2; i++) {
		int ours;

		CHECK(!ask(&w, MECHANISM_ID_USER, "alice", i ? "secret" : "wrong"));
		expect_looks(&w, "alice");
		expect_says(&w, "people", i ? DATABASE_RIGHT : DATABASE_WRONG, "");
		close(w.tool.fd);
		w.tool.fd = peer_new(&ours);
		control_begin(NULL, ours, &w.logins);
	}
	CHECK_TEXT(peer_log, "");
	cache_free(w.people.cache);
	world_end(&w);
}

static void test_a_user_is_found_without_a_password_and_again(void **state)
{
	static const struct {
		const char *user;
		enum fault fault;
		const char *path;
		uint32_t delay, unread, retrieved;
	} cases[] = {
		{ "alice", FAULT_NONE, "alice/Maildir", 20, 30, 7 },
		{ "nobody", FAULT_DENIED, "", 0, 0, 0 },
		{ "alice", FAULT_NONE, "alice/Maildir", 20, 30, 7 },
	};
	struct world w;

	(void)state;
	world_begin(&w);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct message asks = { .kind = MESSAGE_FIND_ASK,
					      .FIND_ASK = { span_of(cases[i].user) } };

		peer_say(w.tool.fd, &asks, -1);
		CHECK(wake());
		const struct message *m = peer_hears(&w.tool, MESSAGE_FIND_IS, NULL);
		CHECK_EQ(m->FIND_IS.fault, cases[i].fault);
		CHECK_SPAN(m->FIND_IS.path, cases[i].path);
		CHECK_EQ(m->FIND_IS.login_delay, cases[i].delay);
		CHECK_EQ(m->FIND_IS.unread, cases[i].unread);
		CHECK_EQ(m->FIND_IS.retrieved, cases[i].retrieved);
		CHECK_EQ(m->FIND_IS.quota_octets, cases[i].fault ? 0 : 1024);
		CHECK_EQ(m->FIND_IS.quota_messages, cases[i].fault ? 0 : 2);
		CHECK_EQ(peer_got(&w.tool), CHANNEL_EMPTY);
	}
	CHECK_EQ(peer_got(&w.drop), CHANNEL_EMPTY);
	world_end(&w);
}

/* As poplar-lmtp would be told, but no maildrop process hears of it. */
static void test_a_recipient_shows_each_step_and_grants_nothing(void **state)
{
	static const struct {
		const char *address, *names[2]; /* that are looked for */
		bool down;
		enum fault fault;
	} cases[] = {
		{ "Alice+x@e", { "alice+x", "alice" }, false, FAULT_NONE },
		{ "alice@e", { "alice", NULL }, false, FAULT_NONE },
		{ "bob@e", { "bob", NULL }, false, FAULT_NO_USER },
		{ "bob@e", { "bob", NULL }, true, FAULT_IO },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct message asks = { .kind = MESSAGE_TEST_RECIPIENT,
					      .TEST_RECIPIENT = {
						      span_of(cases[i].address) } };

		world_begin(&w);
		w.people.stop_unknown = cases[i].down;
		w.logins.rules.fold = true;
		w.logins.recipients =
			(struct recipient_rules){ .login = &w.logins.rules,
						  .domains = RECIPIENT_STRIP,
						  .delimiters = SPAN("+") };
		peer_say(w.tool.fd, &asks, -1);
		CHECK(!wake());
		for (int n = 0; n < 2 && cases[i].names[n]; n++) {
			expect_looks(&w, cases[i].names[n]);
			CHECK_SPAN(peer_hears(&w.tool, MESSAGE_TEST_SAYS, NULL)
					   ->TEST_SAYS.database,
				   "people");
		}
		const struct message *m = peer_hears(&w.tool, MESSAGE_TEST_IS, NULL);
		const bool good = cases[i].fault == FAULT_NONE;
		CHECK_EQ(m->TEST_IS.fault, cases[i].fault);
		CHECK_SPAN(m->TEST_IS.user, good ? "alice" : "");
		CHECK_SPAN(m->TEST_IS.path, good ? "alice/Maildir" : "");
		CHECK_EQ(m->TEST_IS.quota_octets, 1024);
		CHECK_EQ(m->TEST_IS.quota_messages, 2);
		CHECK_EQ(peer_got(&w.tool), CHANNEL_CLOSED);
		CHECK_EQ(peer_got(&w.drop), CHANNEL_EMPTY);
		world_end(&w);
	}
}

static void test_the_tools_channel_ends_with_the_tool_and_with_nonsense(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	CHECK(wake()); /* nothing has come */
	CHECK_EQ(write(w.tool.fd, "\xff", 1), 1);
	CHECK(!wake());
	CHECK_EQ(peer_got(&w.tool), CHANNEL_CLOSED);
	world_end(&w);
	world_begin(&w);
	world_end(&w); /* the tool goes first */
}

static void test_a_channel_that_cannot_be_watched_is_closed(void **state)
{
	struct world w;
	int ours;

	(void)state;
	world_begin(&w);
	refuses = true;
	struct channel other = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_TOOL);
	struct pool_fd *first = watched;
	control_begin(NULL, ours, &w.logins);
	CHECK_EQ(peer_got(&other), CHANNEL_CLOSED);
	close(other.fd);
	watched = first;
	world_end(&w);
}

static void test_a_channel_for_which_there_is_no_memory_is_closed(void **state)
{
	struct world w;
	int ours;

	(void)state;
	world_begin(&w);
	struct channel other = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_TOOL);
	memory_left = 0;
	control_begin(NULL, ours, &w.logins);
	memory_left = MEMORY_ENOUGH;
	CHECK_EQ(peer_got(&other), CHANNEL_CLOSED);
	close(other.fd);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_login_shows_each_step_and_ends_in_the_users_maildrop),
		TEST(test_a_login_that_fails_says_why_and_gives_no_maildrop),
		TEST(test_a_long_story_is_cut_to_what_its_message_holds),
		TEST(test_the_rules_hold_for_the_way_that_is_tried),
		TEST(test_a_password_that_is_not_stored_for_the_mechanism_is_told),
		TEST(test_no_failure_of_the_tool_is_answered_from_memory_or_logged),
		TEST(test_a_user_is_found_without_a_password_and_again),
		TEST(test_a_recipient_shows_each_step_and_grants_nothing),
		TEST(test_the_tools_channel_ends_with_the_tool_and_with_nonsense),
		TEST(test_a_channel_that_cannot_be_watched_is_closed),
		TEST(test_a_channel_for_which_there_is_no_memory_is_closed),
	};

	return scheme_start() && login_start() && sasl_start() ? RUN(tests) : 1;
}
