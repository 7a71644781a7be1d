/* Promises of authd/databases and authd/tokens: which databases poplar-auth asks, and
 * how. */
#include "peer.h"
#include "site.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "auth/cache.h"
#include "auth/user/scheme.h"
#include "authd/databases.h"
#include "authd/tokens.h"
#include "base/buf.h"
#include "config/databases.h"

struct world {
	struct settings settings; /* poplar-auth's */
	struct auth_databases all;
};

static void world_begin(struct world *w)
{
	peer_log_begin();
	*w = (struct world){ 0 };
	site_begin(&w->settings);
	auth_databases_init(&w->all, 77);
	CHECK_EQ(w->all.lookups.parent, 77);
}

static void world_end(struct world *w)
{
	for (unsigned i = 0; i < w->settings.databases.count; i++)
		w->all.at[i]->driver->free(w->all.at[i]);
	cache_free(w->all.cache);
	settings_done(&w->settings);
}

/* The parent sends a database: up to four settings and their values. */
struct setting {
	const char *name, *value;
};
typedef struct setting settings_of[5];

static void send_database(struct world *w, const char *name, const settings_of values,
			  size_t cut)
{
	char room[16000];
	struct buf packed = BUF(room);
	struct databases sent = { 0 };
	struct database_settings *s = databases_add(&sent, span_of(name));

	CHECK(s);
	for (size_t i = 0; values[i].name; i++)
		site_set_row(database_rows(), s, values[i].name, values[i].value);
	rows_pack(database_rows(), s, ROLE_AUTH, &packed);
	packed.len -= cut;
	const struct message_DATABASE m = { .name = span_of(name),
					    .values = buf_span(&packed) };
	auth_databases_add(&w->all, &w->settings, AT_FDCWD, &m);
	databases_done(&sent);
}

static void test_each_driver_has_its_way_of_asking(void **state)
{
	static const struct {
		settings_of values;
		const char *driver;
		bool judges, is_of_tokens;
	} cases[] = {
		{ { { "driver", "passwd-file" } }, "passwd-file", false, false },
		{ { { "driver", "sqlite" }, { "path", "/d/x" } },
		  "lookup",
		  false,
		  false },
		{ { { "driver", "pam" } }, "lookup", true, false },
		{ { { "driver", "ldap" }, { "passwords", "stored" } },
		  "lookup",
		  false,
		  false },
		{ { { "driver", "ldap" }, { "passwords", "bind" } },
		  "lookup",
		  true,
		  false },
		{ { { "driver", "introspection" } }, "lookup", true, true },
		{ { { "driver", "jwt" }, { "path", "/d/keys" } }, "jwt", true, true },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct login_rules rules = { 0 };

		if (strcmp(cases[i].driver, "jwt") == 0 &&
		    !database_driver_is_built(DRIVER_JWT))
			continue;
		world_begin(&w);
		send_database(&w, "one", cases[i].values, 0);
		const struct database *db = w.all.at[0];
		CHECK_TEXT(db->name, "one");
		CHECK_TEXT(db->driver->name, cases[i].driver);
		CHECK_EQ(db->driver->check != NULL, cases[i].judges);
		CHECK(!db->stop_unknown && !db->stop_wrong);
		tokens_split(&w.settings.databases, w.all.at, &rules);
		assert_ptr_equal(rules.tokens, cases[i].is_of_tokens ? db : NULL);
		assert_ptr_equal(rules.databases, cases[i].is_of_tokens ? NULL : db);
		world_end(&w);
	}
}

static void test_a_database_may_have_the_last_word(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	send_database(&w, "a", (settings_of){ { "if_unknown", "fail" } }, 0);
	send_database(&w, "b", (settings_of){ { "if_wrong", "fail" } }, 0);
	CHECK(w.all.at[0]->stop_unknown && !w.all.at[0]->stop_wrong);
	CHECK(!w.all.at[1]->stop_unknown && w.all.at[1]->stop_wrong);
	world_end(&w);
}

/* The file of the setting `users`, or the database's own, both in the same folder. */
static void test_a_users_file_is_the_sites_or_its_own(void **state)
{
	static const char line[] = "alice:{PLAIN}x\n";
	char folder[] = "/tmp/poplar-test-XXXXXX", path[64];
	struct user_found out = { 0 };
	struct why why = { 0 };
	struct world w;

	(void)state;
	CHECK(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/own", folder);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	CHECK_EQ(write(fd, line, strlen(line)), strlen(line));
	close(fd);
	int dir = open(folder, O_PATH | O_DIRECTORY);
	CHECK_EQ(fchdir(dir), 0);
	world_begin(&w);
	site_set(&w.settings, SETTING_ID_users, "/etc/poplar/own");
	send_database(&w, "site", (settings_of){ { "driver", "passwd-file" } }, 0);
	send_database(&w, "own",
		      (settings_of){ { "driver", "passwd-file" },
				     { "path", "/etc/poplar/other" } },
		      0);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(w.all.at[i]->driver->find(w.all.at[i], SPAN("alice"), &out,
						   &why),
			 i == 0 ? DATABASE_RIGHT : DATABASE_DOWN);
		user_release(&out);
	}
	world_end(&w);
	CHECK_EQ(chdir("/"), 0);
	unlink(path);
	rmdir(folder);
	close(dir);
}

static void test_answers_are_remembered_as_the_settings_say(void **state)
{
	static const struct {
		const char *driver, *cache, *passwords;
		bool remembered;
	} cases[] = {
		{ "sqlite", "stored", "bind", true },
		{ "sqlite", "all", "bind", true },
		{ "sqlite", "none", "bind", false },
		{ "pam", "stored", "bind", false },
		{ "pam", "all", "bind", true },
		{ "pam", "none", "bind", false },
		{ "ldap", "stored", "stored", true },
		{ "ldap", "stored", "bind", false },
		{ "introspection", "all", "bind", false },
		{ "passwd-file", "all", "bind", false },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w);
		send_database(&w, "one",
			      (settings_of){ { "driver", cases[i].driver },
					     { "cache", cases[i].cache },
					     { "passwords", cases[i].passwords } },
			      0);
		CHECK(auth_databases_start(&w.all, &w.settings) > 0);
		CHECK(w.all.cache && w.all.at[0]->cache == w.all.cache);
		CHECK_EQ(w.all.at[0]->right_ms, cases[i].remembered ? 60000 : 0);
		CHECK_EQ(w.all.at[0]->wrong_ms, cases[i].remembered ? 10000 : 0);
		world_end(&w);
	}
}

static void test_nothing_is_remembered_without_a_cache(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	site_set(&w.settings, SETTING_ID_cache_size, "0");
	send_database(&w, "one", (settings_of){ { "driver", "sqlite" } }, 0);
	CHECK(auth_databases_start(&w.all, &w.settings) > 0);
	CHECK(!w.all.cache && !w.all.at[0]->cache);
	CHECK_EQ(w.all.at[0]->right_ms + w.all.at[0]->wrong_ms, 0);
	world_end(&w);
}

static void test_each_lookup_process_brings_a_thread(void **state)
{
	static const struct {
		const char *threads;
		unsigned waiters;
	} cases[] = { { "1", 1 }, { "2", 1 }, { "3", 2 }, { "4", 2 } };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w);
		site_set(&w.settings, SETTING_ID_auth_threads, cases[i].threads);
		send_database(
			&w, "a",
			(settings_of){ { "driver", "sqlite" }, { "processes", "3" } },
			0);
		send_database(&w, "file", (settings_of){ { "driver", "passwd-file" } },
			      0);
		send_database(&w, "b", (settings_of){ { "driver", "pam" } }, 0);
		CHECK_EQ(auth_databases_start(&w.all, &w.settings), i + 1 + 3 + 2);
		CHECK_EQ(w.all.lookups.waiters_max, cases[i].waiters);
		world_end(&w);
	}
}

/* The process answers before it is asked; then it has been. */
static void expect_question(struct database *db, struct channel process)
{
	const struct message answer = { .kind = MESSAGE_LOOKUP_IS,
					.LOOKUP_IS = { .says = DATABASE_UNKNOWN } };
	struct user_found out = { 0 };
	struct why why = { 0 };

	peer_say(process.fd, &answer, -1);
	CHECK_EQ(db->driver->find(db, SPAN("alice"), &out, &why), DATABASE_UNKNOWN);
	CHECK_SPAN(peer_hears(&process, MESSAGE_LOOKUP_ASK, NULL)->LOOKUP_ASK.user,
		   "alice");
}

static void test_a_process_is_linked_to_its_own_database_only(void **state)
{
	static const struct {
		uint64_t database;
		bool linked;
	} cases[] = { { 0, false }, { 1, true }, { 2, false }, { UINT64_MAX, false } };
	struct world w;

	(void)state;
	world_begin(&w);
	send_database(&w, "file", (settings_of){ { "driver", "passwd-file" } }, 0);
	send_database(&w, "asked", (settings_of){ { "driver", "sqlite" } }, 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int ours;
		struct channel process =
			channel_of(peer_new(&ours), ROLE_AUTH, ROLE_LOOKUP);

		auth_databases_link(
			&w.all, &w.settings,
			&(const struct message_LOOKUP_LINK){ cases[i].database, 7 },
			ours);
		CHECK_EQ(peer_got(&process),
			 cases[i].linked ? CHANNEL_EMPTY : CHANNEL_CLOSED);
		if (cases[i].linked)
			expect_question(w.all.at[1], process);
		close(process.fd);
	}
	world_end(&w);
}

static void test_databases_keep_their_order_in_both_lists(void **state)
{
	struct login_rules rules = { 0 };
	struct world w;

	(void)state;
	world_begin(&w);
	send_database(&w, "u1", (settings_of){ { "driver", "passwd-file" } }, 0);
	send_database(&w, "t1", (settings_of){ { "driver", "introspection" } }, 0);
	send_database(&w, "u2", (settings_of){ { "driver", "sqlite" } }, 0);
	send_database(&w, "t2",
		      (settings_of){ { "driver", "introspection" },
				     { "scope", "mail" },
				     { "openid_configuration", "https://two" } },
		      0);
	send_database(
		&w, "t3",
		(settings_of){ { "driver", "introspection" }, { "scope", "other" } },
		0);
	tokens_split(&w.settings.databases, w.all.at, &rules);
	assert_ptr_equal(rules.databases, w.all.at[0]);
	assert_ptr_equal(rules.databases->next, w.all.at[2]);
	assert_null(rules.databases->next->next);
	assert_ptr_equal(rules.tokens, w.all.at[1]);
	assert_ptr_equal(rules.tokens->next, w.all.at[3]);
	assert_ptr_equal(rules.tokens->next->next, w.all.at[4]);
	assert_null(w.all.at[4]->next);
	CHECK_TEXT(rules.token_scope, "mail"); /* of the first that has one */
	CHECK_TEXT(rules.openid_configuration, "https://two");
	world_end(&w);
}

static int told; /* a descriptor: the log of a process that ends */

static void tell(int priority, struct span line)
{
	(void)priority;
	if (write(told, line.at, line.len) < 0)
		_exit(0);
}

/* The parent is one of ours: settings that cannot be read are no settings at all. */
static void test_malformed_settings_end_the_process(void **state)
{
	char text[256] = "";
	struct world w;
	int status, pair[2];

	(void)state;
	CHECK_EQ(pipe(pair), 0);
	pid_t pid = fork();
	if (pid == 0) {
		world_begin(&w);
		told = pair[1];
		log_to(tell);
		send_database(&w, "one", (settings_of){ { "driver", "pam" } }, 1);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
	close(pair[1]);
	CHECK(read(pair[0], text, sizeof text - 1) > 0);
	CHECK(strstr(text, "event=not-started what=\"settings of a database cannot be "
			   "read\""));
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_driver_has_its_way_of_asking),
		TEST(test_a_database_may_have_the_last_word),
		TEST(test_a_users_file_is_the_sites_or_its_own),
		TEST(test_answers_are_remembered_as_the_settings_say),
		TEST(test_nothing_is_remembered_without_a_cache),
		TEST(test_each_lookup_process_brings_a_thread),
		TEST(test_a_process_is_linked_to_its_own_database_only),
		TEST(test_databases_keep_their_order_in_both_lists),
		TEST(test_malformed_settings_end_the_process),
	};

	return scheme_start() ? RUN(tests) : 1;
}
