/* Promises of auth/user: a users file that is edited, replaced or lost. */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/database.h"
#include "auth/user/edit.h"
#include "auth/user/scheme.h"
#include "auth/user/userfile.h"
#include "base/own.h"

#define FILE_TEXT "# top\na:{X}1:5\n\nb:{X}2\r\nc:{X}3:7:8::/h::\na:{X}4"

static void check_edit(enum edit_done done, enum edit_done expected, char *text,
		       size_t len, const char *whole)
{
	CHECK_EQ(done, expected);
	CHECK_SPAN(((struct span){ text, len }), whole);
	free(text);
}

static void test_edits_touch_one_user_only(void **state)
{
	const struct span file = SPAN(FILE_TEXT);
	char *out = NULL;
	size_t len = 0;

	(void)state;
	enum edit_done done = edit_add(file, SPAN("d"), SPAN("d:{X}9:"), &out, &len);
	check_edit(done, EDIT_DONE, out, len,
		   "# top\na:{X}1:5\n\nb:{X}2\r\nc:{X}3:7:8::/h::\na:{X}4\nd:{X}9:\n");
	done = edit_add(SPAN(""), SPAN("d"), SPAN("d:x"), &out, &len);
	check_edit(done, EDIT_DONE, out, len, "d:x\n");
	CHECK_EQ(edit_add(file, SPAN("a"), SPAN("a:x"), &out, &len), EDIT_EXISTS);
	done = edit_password(file, SPAN("b"), SPAN("{Y}new"), &out, &len);
	check_edit(done, EDIT_DONE, out, len,
		   "# top\na:{X}1:5\n\nb:{Y}new\r\nc:{X}3:7:8::/h::\na:{X}4");
	done = edit_password(file, SPAN("c"), SPAN("{Y}n"), &out, &len);
	check_edit(done, EDIT_DONE, out, len,
		   "# top\na:{X}1:5\n\nb:{X}2\r\nc:{Y}n:7:8::/h::\na:{X}4");
	CHECK_EQ(edit_password(file, SPAN("z"), SPAN("x"), &out, &len), EDIT_NOT_FOUND);
	/* A second line of the name would take the first one's place. */
	done = edit_delete(file, SPAN("a"), &out, &len);
	check_edit(done, EDIT_DONE, out, len, "# top\n\nb:{X}2\r\nc:{X}3:7:8::/h::\n");
	done = edit_delete(file, SPAN("b"), &out, &len);
	check_edit(done, EDIT_DONE, out, len,
		   "# top\na:{X}1:5\n\nc:{X}3:7:8::/h::\na:{X}4");
	CHECK_EQ(edit_delete(file, SPAN("# top"), &out, &len), EDIT_NOT_FOUND);
}

static void test_names_that_a_file_can_hold(void **state)
{
	static char longest[249];

	(void)state;
	memset(longest, 'x', sizeof longest);
	CHECK(edit_name_ok(SPAN("alice")));
	CHECK(edit_name_ok(SPAN("\xc3\xa4@b")));
	CHECK(edit_name_ok((struct span){ longest, 248 }));
	CHECK(!edit_name_ok((struct span){ longest, 249 }));
	CHECK(!edit_name_ok(SPAN("")));
	CHECK(!edit_name_ok(SPAN("a:b")));
	CHECK(!edit_name_ok(SPAN("a b")));
	CHECK(!edit_name_ok(SPAN("a\nb")));
	CHECK(!edit_name_ok(SPAN("#a")));
	CHECK(!edit_name_ok(SPAN("a\0b")));
}

static void put(int dir, const char *text)
{
	int fd = openat(dir, "users.new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	assert_true(renameat(dir, "users.new", dir, "users") == 0);
}

static bool has(struct userfile *f, const char *name)
{
	struct why why;
	OWN(users) users = userfile_acquire(f, &why);

	return users && users_find(users, span_of(name));
}

static void test_a_changed_file_counts_at_once_and_a_lost_one_does_not(void **state)
{
	char path[] = "/tmp/poplar-users-XXXXXX";
	struct why why = { 0 };

	(void)state;
	assert_true(mkdtemp(path) != NULL);
	int dir = open(path, O_PATH | O_DIRECTORY);
	struct userfile *f = userfile_new(dir, "users");
	CHECK(f && !userfile_acquire(f, &why));
	CHECK_EQ(why.fault, FAULT_IO);
	for (int i = 0; i < 20; i++) { /* within one tick of the clock, too */
		put(dir, i % 2 ? "a:{PLAIN}x\n" : "b:{PLAIN}x\n");
		CHECK_EQ(has(f, "a"), i % 2);
		CHECK_EQ(has(f, "b"), !(i % 2));
	}
	assert_true(unlinkat(dir, "users", 0) == 0);
	CHECK(has(f, "a"));
	put(dir, "c:{PLAIN}x\n");
	CHECK(has(f, "c") && !has(f, "a"));
	userfile_free(f);
	unlinkat(dir, "users", 0);
	close(dir);
	rmdir(path);
}

/* As a database: what it says, what stands in, and which mechanisms its users can use.
 */
static void test_the_users_file_is_a_database(void **state)
{
	static const struct {
		const char *name, *password;
		enum fault fault;
	} cases[] = {
		{ "alice", "one", FAULT_NONE }, { "alice", "two", FAULT_DENIED },
		{ "bob", "two", FAULT_NONE },   { "nobody", "one", FAULT_DENIED },
		{ "", "one", FAULT_DENIED },
	};
	char path[] = "/tmp/poplar-users-XXXXXX";
	struct user_found found = { 0 };
	struct why why = { 0 };

	(void)state;
	assert_true(mkdtemp(path) != NULL);
	int dir = open(path, O_PATH | O_DIRECTORY);
	struct database *db = passwdfile_new(dir, "users");
	CHECK(db);
	CHECK_EQ(database_find(db, SPAN("alice"), NULL, &found, &why), FAULT_IO);
	CHECK(!database_stand_in(db, SPAN("nobody"), 0, &found));
	CHECK_EQ(db->driver->stores(db), 0);
	put(dir, "alice:{PLAIN}one\nbob:{PLAIN}two\n");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(database_check(db, span_of(cases[i].name),
					span_of(cases[i].password), SPAN(""), NULL,
					&found, &why),
			 cases[i].fault);
		CHECK_SPAN(found.user.name, cases[i].fault ? "" : cases[i].name);
		user_release(&found);
	}
	CHECK_EQ(db->driver->stores(db), SCHEME_PLAIN);
	CHECK(database_stand_in(db, SPAN("nobody"), SCHEME_PLAIN, &found));
	CHECK(span_starts(found.user.stored, "{PLAIN}"));
	CHECK_EQ(found.user.name.len, 0);
	user_release(&found);
	CHECK(!database_stand_in(db, SPAN("nobody"), SCHEME_SCRAM_1, &found));
	CHECK(!found.owner);
	database_free(db);
	unlinkat(dir, "users", 0);
	close(dir);
	rmdir(path);
}

/* A file that was never any good refuses every time, not only when it is news. */
static void test_a_file_that_is_none_refuses_every_time(void **state)
{
	int dir = open("/", O_PATH | O_DIRECTORY);
	struct userfile *f = userfile_new(dir, "usr");

	(void)state;
	for (int i = 0; f && i < 3; i++) {
		struct why why = { 0 };

		CHECK(!userfile_acquire(f, &why));
		CHECK_EQ(why.fault, FAULT_SETUP);
	}
	userfile_free(f);
	close(dir);
}

/* A file that cannot be opened for a moment is opened the next time, though it has not
 * changed meanwhile; and nobody is taken for known before it was read. */
static void test_a_file_that_cannot_be_opened_for_a_moment(void **state)
{
	char path[] = "/tmp/poplar-users-XXXXXX";
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct rlimit limit, none;
	struct why why = { 0 };

	(void)state;
	CHECK(mkdtemp(path));
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	int fd = openat(dir, "users", O_WRONLY | O_CREAT, 0600);
	CHECK(write(fd, "a:{PLAIN}x\n", 11) == 11);
	CHECK(futimens(fd, old) == 0);
	close(fd);
	struct userfile *f = userfile_new(dir, "users");
	CHECK(f);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	none = limit;
	none.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	for (int i = 0; i < 3; i++) {
		why = (struct why){ 0 };
		CHECK(!userfile_acquire(f, &why));
		CHECK_EQ(why.fault, FAULT_IO);
	}
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	OWN(users) users = userfile_acquire(f, &why);
	CHECK(users && users_find(users, SPAN("a")));
	userfile_free(f);
	unlinkat(dir, "users", 0);
	close(dir);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_edits_touch_one_user_only),
		TEST(test_names_that_a_file_can_hold),
		TEST(test_a_changed_file_counts_at_once_and_a_lost_one_does_not),
		TEST(test_a_file_that_cannot_be_opened_for_a_moment),
		TEST(test_a_file_that_is_none_refuses_every_time),
		TEST(test_the_users_file_is_a_database),
	};

	return RUN(tests);
}
