/* Promises of setup/, sys/ids and cli/cli: the users of the system that processes run
 * as, what is reported about settings, and what commands print.
 */
#include "parentworld.h"

#include <getopt.h>

#include "cli/cli.h"
#include "setup/options.h"
#include "setup/setup.h"

/* ---- ids ---- */

static void test_ids_are_those_of_user_and_group(void **state)
{
	static const struct {
		const char *user, *group;
		enum ids_found found;
		uid_t uid;
		gid_t gid;
	} cases[] = {
		{ "poplar-mail", "", IDS_FOUND, 103, 203 },
		{ "poplar-mail", "shadow", IDS_FOUND, 103, 42 },
		{ "", "shadow", IDS_FOUND, 7, 42 },
		{ "", "", IDS_FOUND, 7, 8 },
		{ "nobody-here", "shadow", IDS_NO_USER, 7, 8 },
		{ "poplar-mail", "nobody-here", IDS_NO_GROUP, 103, 203 },
		{ "root", "", IDS_ROOT, 0, 0 },
		{ "root", "shadow", IDS_ROOT, 0, 42 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ids ids = { 7, 8 };

		world.as_root = true;
		CHECK_EQ(ids_find(cases[i].user, cases[i].group, &ids), cases[i].found);
		CHECK_EQ(ids.uid, cases[i].uid);
		CHECK_EQ(ids.gid, cases[i].gid);
		world.as_root = false;
		ids = (struct ids){ 7, 8 };
		CHECK_EQ(ids_find(cases[i].user, cases[i].group, &ids), IDS_FOUND);
		CHECK_EQ(ids.uid, 1000);
		CHECK_EQ(ids.gid, 1001);
	}
}

/* ---- what is reported ---- */

static char reports[8192];

static void report(void *arg, enum setup_weight weight, const char *text)
{
	const size_t len = strlen(reports);

	(void)arg;
	snprintf(reports + len, sizeof reports - len, "%d:%s\n", weight, text);
}

static struct setup begin(struct settings *s)
{
	reports[0] = '\0';
	CHECK_EQ(settings_init(s), FAULT_NONE);
	return (struct setup){ .settings = s, .path = "/p.conf", .say = report };
}

static void test_a_report_names_file_line_and_setting(void **state)
{
	struct settings s;
	const struct setup u = begin(&s);

	(void)state;
	setup_complain(&u, SETUP_WARNING, SETTING_ID_mail_user, "bad %d", 7);
	s.lines[SETTING_ID_mail_user] = 12;
	setup_complain(&u, SETUP_ERROR, SETTING_ID_mail_user, "worse");
	CHECK_TEXT(reports, "2:/p.conf: mail-user: bad 7\n"
			    "0:/p.conf:12: mail-user: worse\n");
	settings_done(&s);
}

/* All users that are wrong are named at once. */
static void test_every_user_that_is_wrong_is_reported(void **state)
{
	struct settings s;
	struct setup_users users;
	const struct setup u = begin(&s);

	(void)state;
	world.as_root = true;
	CHECK(setup_find_users(&u, &users));
	CHECK_EQ(users.front.uid, 101);
	CHECK_EQ(users.auth.uid, 102);
	CHECK_EQ(users.mail.uid, 103);
	CHECK(settings_set(&s, SETTING_ID_front_user, SPAN("root")));
	CHECK(settings_set(&s, SETTING_ID_mail_user, SPAN("nobody-here")));
	CHECK(!setup_find_users(&u, &users));
	CHECK(strstr(reports, "front-user: expected a user other than root"));
	CHECK(strstr(reports, "mail-user: expected a user of this system"));
	world.as_root = false;
	settings_done(&s);
}

/* One user for two kinds of processes is a warning, as root alone. */
static void test_processes_should_have_users_of_their_own(void **state)
{
	struct settings s;
	const struct setup u = begin(&s);
	struct setup_users users = { { 101, 1 }, { 102, 2 }, { 103, 3 }, { 0, 0 } };

	(void)state;
	world.as_root = true;
	setup_judge(&u, &users);
	CHECK(!strstr(reports, "expected a user of its own"));
	users.auth.uid = 101;
	setup_judge(&u, &users);
	CHECK(strstr(reports, "2:/p.conf: front-user: expected a user of its own"));
	CHECK(strstr(reports, "auth-user too"));
	world.as_root = false;
	reports[0] = '\0';
	setup_judge(&u, &users);
	CHECK(!strstr(reports, "expected a user of its own"));
	settings_done(&s);
}

static void test_a_users_file_that_others_may_change_is_a_warning(void **state)
{
	static const struct {
		mode_t mode;
		bool said;
	} cases[] = {
		{ 0640, false }, { 0644, false }, { 0642, true }, { 0666, true }
	};
	const struct setup_users users = {
		{ 101, 1 }, { 102, 2 }, { 103, 3 }, { 0, 0 }
	};
	struct settings s;
	char path[128];

	(void)state;
	world_begin("");
	snprintf(path, sizeof path, "%s/auth/users", world.dir);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct setup u = begin(&s);

		CHECK(settings_set(&s, SETTING_ID_users, span_of(path)));
		CHECK(databases_add(&s.databases, SPAN("users")));
		world_file("auth/users", "");
		CHECK_EQ(chmod(path, cases[i].mode), 0);
		setup_judge(&u, &users);
		CHECK_EQ(strstr(reports,
				"users: expected a file for its owner alone") != NULL,
			 cases[i].said);
		settings_done(&s);
	}
	world_end();
}

/* A link within the folder is fine; one that leads out of it locks everybody out. */
static void test_a_users_file_elsewhere_is_trouble(void **state)
{
	static const struct {
		const char *target;
		bool said;
	} cases[] = { { "real", false }, { "../mail/real", true } };
	const struct setup_users users = {
		{ 101, 1 }, { 102, 2 }, { 103, 3 }, { 0, 0 }
	};
	struct settings s;
	char path[128];

	(void)state;
	world_begin("");
	world_file("auth/real", "");
	world_file("mail/real", "");
	snprintf(path, sizeof path, "%s/auth/users", world.dir);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct setup u = begin(&s);

		CHECK(settings_set(&s, SETTING_ID_users, span_of(path)));
		CHECK(databases_add(&s.databases, SPAN("users")));
		CHECK_EQ(symlink(cases[i].target, path), 0);
		setup_judge(&u, &users);
		CHECK_EQ(strstr(reports, "leads out of its folder") != NULL,
			 cases[i].said);
		CHECK_EQ(unlink(path), 0);
		settings_done(&s);
	}
	world_end();
}

/* A recipient comes without a password. */
static void test_databases_that_want_a_password_keep_mail_waiting(void **state)
{
	static const struct {
		enum database_driver_id driver;
		const char *bind_template;
		bool has_lmtp, said;
	} cases[] = {
		{ DRIVER_CHECKPASSWORD, "", true, true },
		{ DRIVER_CHECKPASSWORD, "", false, false },
		{ DRIVER_LDAP, "uid=%u", true, true },
		{ DRIVER_LDAP, "uid=%u", false, false },
		{ DRIVER_LDAP, "", true, false },
		{ DRIVER_SYSTEM, "", true, false },
		{ DRIVER_PASSWD_FILE, "", true, false },
		{ DRIVER_INTROSPECTION, "", true, false },
	};
	const struct setup_users users = {
		{ 101, 1 }, { 102, 2 }, { 103, 3 }, { 0, 0 }
	};
	struct settings s;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct setup u = begin(&s);
		struct database_settings *db =
			databases_add(&s.databases, SPAN("staff"));
		char *standard;

		CHECK(db != NULL);
		standard = db->bind_template;
		db->driver = (int)cases[i].driver;
		db->bind_template = unconst(cases[i].bind_template);
		if (cases[i].has_lmtp)
			CHECK(settings_set(&s, SETTING_ID_listen_lmtp,
					   SPAN("127.0.0.1:24")));
		setup_judge(&u, &users);
		CHECK_EQ(strstr(reports, "database staff finds users by their "
					 "passwords only") != NULL,
			 cases[i].said);
		CHECK_EQ(strstr(reports, "2:/p.conf: listen-lmtp: ") != NULL,
			 cases[i].said);
		db->bind_template = standard;
		settings_done(&s);
	}
}

static void test_private_keys_are_for_few(void **state)
{
	const struct setup_users users = {
		{ 101, 1 }, { 102, 2 }, { 103, 3 }, { 0, 0 }
	};
	struct settings s;
	char path[128], key[128];

	(void)state;
	world_begin("");
	snprintf(path, sizeof path, "%s/auth/users", world.dir);
	snprintf(key, sizeof key, "%s/auth/key.pem", world.dir);
	world_file("auth/key.pem", "");
	for (int mode = 0600; mode <= 0604; mode += 4) {
		for (int own = 0; own < 2; own++) {
			const struct setup u = begin(&s);

			CHECK_EQ(chmod(key, (mode_t)mode), 0);
			CHECK(settings_set(&s, SETTING_ID_users, span_of(path)));
			CHECK(settings_set(&s, SETTING_ID_tls_certificate,
					   own ? SPAN("/elsewhere") : span_of(key)));
			if (own)
				CHECK(settings_set(&s, SETTING_ID_tls_key,
						   span_of(key)));
			setup_judge(&u, &users);
			CHECK(strstr(reports, own ? "tls-key: expected a private key "
						    "elsewhere"
						  : "tls-certificate: expected a "
						    "private key elsewhere"));
			CHECK_EQ(strstr(reports, "for few to read") != NULL,
				 mode == 0604);
			settings_done(&s);
		}
	}
	world_end();
}

/* ---- the command line ---- */

static enum options_found options(const char *a, const char *b, const char *c,
				  const char **config)
{
	char name[] = "poplar", one[32] = "", two[32] = "", three[32] = "";
	char *argv[] = { name, one, two, three, NULL };
	const int argc = 1 + (a != NULL) + (b != NULL) + (c != NULL);

	snprintf(one, sizeof one, "%s", a ? a : "");
	snprintf(two, sizeof two, "%s", b ? b : "");
	snprintf(three, sizeof three, "%s", c ? c : "");
	argv[argc] = NULL;
	optind = 0;
	opterr = 0;
	static char kept[32];
	const enum options_found found = options_read(argc, argv, true, config);
	snprintf(kept, sizeof kept, "%s", *config);
	*config = kept;
	return found;
}

static void test_options_are_read_up_to_the_command(void **state)
{
	static const struct {
		const char *args[3];
		enum options_found found;
		const char *config;
		int next;
	} cases[] = {
		{ { NULL }, OPTIONS_GIVEN, "standard", 1 },
		{ { "check" }, OPTIONS_GIVEN, "standard", 1 },
		{ { "-c", "/x", "check" }, OPTIONS_GIVEN, "/x", 3 },
		{ { "--config=/x", "check" }, OPTIONS_GIVEN, "/x", 2 },
		{ { "check", "--help" }, OPTIONS_GIVEN, "standard", 1 },
		{ { "--help" }, OPTIONS_HELP, "standard", 2 },
		{ { "-c", "/x", "--version" }, OPTIONS_VERSION, "/x", 4 },
		{ { "--nonsense" }, OPTIONS_WRONG, "standard", 2 },
		{ { "-c" }, OPTIONS_WRONG, "standard", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *config = "standard";

		CHECK_EQ(options(cases[i].args[0], cases[i].args[1], cases[i].args[2],
				 &config),
			 cases[i].found);
		CHECK_TEXT(config, cases[i].config);
		CHECK_EQ(optind, cases[i].next);
	}
}

static void test_help_is_asked_for_before_two_dashes(void **state)
{
	char command[] = "check", help[] = "--help", end[] = "--", other[] = "x";
	char *yes[] = { command, other, help }, *no[] = { command, end, help };
	int status = -1;

	(void)state;
	CHECK(cli_wants_help(3, yes));
	CHECK(!cli_wants_help(3, no));
	CHECK(!cli_wants_help(1, yes));
	CHECK(cli_takes_nothing(1, yes, "usage\n", &status));
	CHECK(!cli_takes_nothing(3, yes, "", &status) && status == CLI_OK);
	CHECK(!cli_takes_nothing(3, no, "", &status) && status == CLI_USAGE);
}

/* What others have written cannot harm a terminal. */
static void test_texts_of_others_are_shown_escaped(void **state)
{
	static const struct {
		struct span text;
		const char *shown;
	} cases[] = {
		{ SPAN("plain text"), "plain text" },
		{ SPAN("\303\251\346\227\245"), "\303\251\346\227\245" },
		{ SPAN("a\033[31m\a\n"), "a\\x1b[31m\\x07\\x0a" },
		{ SPAN("\177"), "\\x7f" },
		{ SPAN("\302\233"), "\\xc2\\x9b" }, /* CSI in C1 */
		{ SPAN("\302\240"), "\302\240" },
		{ SPAN("\377\303"), "\\xff\\xc3" },
		{ SPAN("\0"), "\\x00" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *shown = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&shown, &len);

		CHECK(to);
		cli_show(to, cases[i].text);
		CHECK_EQ(fclose(to), 0);
		CHECK_TEXT(shown, cases[i].shown);
		free(shown);
	}
}

static void test_a_story_is_a_sentence(void **state)
{
	char room[256];
	struct buf b = BUF(room);
	struct why why;

	(void)state;
	fault_set(&why, FAULT_IO, ENOENT, "open", "/x");
	cli_story(&why, &b);
	CHECK_TEXT(buf_cstr(&b), "cannot open /x: No such file or directory");
	b = BUF(room);
	why = (struct why){ .fault = FAULT_NOMEM };
	cli_story(&why, &b);
	CHECK_TEXT(buf_cstr(&b), fault_text(FAULT_NOMEM));
}

/* A task runs as a process of its own: its success is the result. */
static bool succeed(void *arg)
{
	return *(const bool *)arg;
}

static bool crash(void *arg)
{
	(void)arg;
	signal(SIGTERM, SIG_DFL);
	return __real_kill(getpid(), SIGTERM) == 0;
}

static void test_a_task_runs_in_a_process_of_its_own(void **state)
{
	bool yes = true, no = false;

	(void)state;
	world.as_root = false;
	CHECK(cli_run_as(ids_own(), succeed, &yes));
	CHECK(!cli_run_as(ids_own(), succeed, &no));
	CHECK(!cli_run_as(ids_own(), crash, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ids_are_those_of_user_and_group),
		TEST(test_a_report_names_file_line_and_setting),
		TEST(test_every_user_that_is_wrong_is_reported),
		TEST(test_processes_should_have_users_of_their_own),
		TEST(test_a_users_file_that_others_may_change_is_a_warning),
		TEST(test_a_users_file_elsewhere_is_trouble),
		TEST(test_databases_that_want_a_password_keep_mail_waiting),
		TEST(test_private_keys_are_for_few),
		TEST(test_options_are_read_up_to_the_command),
		TEST(test_help_is_asked_for_before_two_dashes),
		TEST(test_texts_of_others_are_shown_escaped),
		TEST(test_a_story_is_a_sentence),
		TEST(test_a_task_runs_in_a_process_of_its_own),
	};

	return RUN(tests);
}
