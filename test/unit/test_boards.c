/* Promises of config/boards and auth/ticket: who may read what, and who is believed. */
#include "check.h"

#include <ctype.h>

#include <unistd.h>

#include "auth/ticket.h"
#include "auth/user/scheme.h"
#include "config/file/file.h"

#define PLAIN "listen-tls = {}\nmail-root = \"/m\"\n"
#define XTND  PLAIN "xtnd = yes\n"

struct heard {
	char text[1024]; /* the first that is said */
	size_t start;    /* ... behind the path */
};

static void hear(void *arg, const char *text)
{
	struct heard *h = arg;

	if (!h->text[0])
		snprintf(h->text, sizeof h->text, "%s", text + h->start);
}

static enum fault load(const char *text, struct settings *s, struct heard *h)
{
	char path[] = "/tmp/poplar-test-XXXXXX";
	int fd = mkstemp(path);

	*h = (struct heard){ .start = strlen(path) };
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	enum fault f = config_load(path, s, hear, h);
	close(fd);
	unlink(path);
	return f;
}

static const char some[] = XTND
	"board news { maildir = \"/m/b/news\" archive = \"/m/b/old\" readers = "
	"{\"*\"} }\n"
	"board staff {\n maildir = \"/m/b/staff\"\n readers = {\"alice\", "
	"\"@example.org\"}\n uid = 700\n gid = 701\n}\n"
	"board \"bob\" { maildir = \"/m/b/bob\" readers = {\"*\"} }\n";

/* What is wrong with a board is told with its line. */
static void test_errors_name_their_line(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ XTND "board a {\n readers = {\"*\"}\n}\n",
		  ":6: board a: needs maildir" },
		{ XTND "board a { maildir = \"/m/a\" }\n",
		  ":4: board a: needs readers" },
		{ XTND "board a { maildir = \"/m/a\"\nreaders = {} }\n",
		  ":5: board a: needs readers" },
		{ XTND "board a { readers = {\"*\"}\nmaildir = x }\n",
		  ":5: maildir: expected a path from the root, found \"x\"" },
		{ XTND
		  "board a { readers = {\"*\"} maildir = \"/m/a\"\n archive = x }\n",
		  ":5: archive: expected a path from the root, found \"x\"" },
		{ XTND "board a { readers = {\"*\"} maildir = \"/mail/a\" }\n",
		  ":4: maildir: expected a path below mail-root, found \"/mail/a\"" },
		{ XTND "board a { readers = {\"*\"} maildir = \"/m/a\"\n"
		       "archive = \"/n/a\" }\n",
		  ":5: archive: expected a path below mail-root, found \"/n/a\"" },
		{ XTND "board a { readers = {\"*\"} maildir = \"/m/a\"\nuid = 7 }\n",
		  ":5: board a: expected both uid and gid, or neither" },
		{ XTND "board a { uid = x }\n",
		  ":4: uid: expected a number from 0 to 4294967294, found \"x\"" },
		{ XTND "board \"a b\" { readers = {\"*\"} maildir = \"/m/a\" }\n",
		  ":4: board: expected a name of printable ASCII without spaces, "
		  "found \"a b\"" },
		{ XTND "board a { bogus = 1 }\n", ":4: no such option 'bogus'" },
		{ XTND "board a { driver = system }\n", ":4: no such option 'driver'" },
		{ XTND "board a { uid = 1\nuid = 2 }\n",
		  ":5: uid was given already, in line 4" },
		{ XTND "board a { readers = {\"*\"} maildir = \"/m/a\" }\n"
		       "board a { readers = {\"*\"} maildir = \"/m/b\" }\n",
		  ":5: found duplicate title 'a'" },
		{ PLAIN "board a { readers = {\"*\"} maildir = \"/m/a\" }\n",
		  ":3: board a: needs xtnd = yes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct settings s;
		struct heard h;

		CHECK_EQ(load(cases[i].text, &s, &h), FAULT_SETUP);
		CHECK_TEXT(h.text, cases[i].said);
		settings_done(&s);
	}
}

static void test_there_is_room_for_so_many_boards(void **state)
{
	char text[8192] = XTND;
	struct settings s;
	struct heard h;
	size_t len = strlen(text);

	(void)state;
	for (unsigned i = 0; i < BOARDS_MAX; i++)
		len += (size_t)sprintf(
			text + len,
			"board b%u { readers = {\"*\"} maildir = \"/m/%u\" }\n", i, i);
	CHECK_EQ(load(text, &s, &h), FAULT_NONE);
	CHECK_EQ(s.boards.count, BOARDS_MAX);
	settings_done(&s);
	strcpy(text + len, "board one { readers = {\"*\"} maildir = \"/m/x\" }\n");
	CHECK_EQ(load(text, &s, &h), FAULT_SETUP);
	CHECK(strstr(h.text, "expected at most 32 boards"));
	settings_done(&s);
}

/* A board is there for its readers, and for nobody else. */
static void test_who_may_read(void **state)
{
	static const struct {
		const char *user, *news, *staff, *bob;
	} cases[] = {
		{ "alice", "news", "staff", "bob" },
		{ "bob", "news", NULL, NULL }, /* that name is the own maildrop's */
		{ "Alice", "news", NULL, "bob" },
		{ "alice2", "news", NULL, "bob" },
		{ "eve@example.org", "news", "staff", "bob" },
		{ "@example.org", "news", NULL, "bob" },
		{ "eve@sub.example.org", "news", NULL, "bob" },
		{ "eve@badexample.org", "news", NULL, "bob" },
	};
	struct settings s;
	struct heard h;

	(void)state;
	CHECK_EQ(load(some, &s, &h), FAULT_NONE);
	CHECK_TEXT(h.text, "");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *const wanted[] = { cases[i].news, cases[i].staff,
					       cases[i].bob };
		const struct span user = span_of(cases[i].user);
		unsigned number = 0;

		for (unsigned b = 0; b < 3; b++) {
			const struct board_settings *board = &s.boards.at[b];
			const struct board_settings *found =
				boards_find(&s.boards, span_of(board->name), user);

			CHECK(found == (wanted[b] ? board : NULL));
			char loud[BOARD_NAME_MAX + 1] = "";
			for (size_t k = 0; board->name[k]; k++)
				loud[k] = (char)toupper((unsigned char)board->name[k]);
			CHECK(boards_find(&s.boards, span_of(loud), user) == found);
			if (wanted[b])
				CHECK(boards_nth(&s.boards, number++, user) == board);
		}
		CHECK(!boards_nth(&s.boards, number, user));
		CHECK(!boards_nth(&s.boards, UINT64_MAX, user));
		CHECK(!boards_find(&s.boards, SPAN("NEW"), user));
		CHECK(!boards_find(&s.boards, SPAN(""), user));
	}
	settings_done(&s);
}

/* A reader that is nothing, or an '@' alone, is nobody. */
static void test_a_reader_of_nothing(void **state)
{
	struct settings s;
	struct heard h;

	(void)state;
	CHECK_EQ(load(XTND "board a { maildir = \"/m/a\" readers = {\"\", \"@\"} }\n",
		      &s, &h),
		 FAULT_NONE);
	CHECK(!board_admits(&s.boards.at[0], SPAN("")));
	CHECK(!board_admits(&s.boards.at[0], SPAN("x@")));
	CHECK(!board_admits(&s.boards.at[0], SPAN("x")));
	settings_done(&s);
}

static void test_a_board_travels_to_auth_alone(void **state)
{
	struct boards got = { 0 };
	char room[16000];
	struct buf packed = BUF(room);
	struct settings s;
	struct heard h;

	(void)state;
	CHECK_EQ(load(some, &s, &h), FAULT_NONE);
	rows_pack(board_rows(), &s.boards.at[1], ROLE_AUTH, &packed);
	struct board_settings *board = boards_add(&got, SPAN("staff"));
	assert_non_null(board);
	CHECK_EQ(rows_unpack(board_rows(), board, ROLE_AUTH, buf_span(&packed)),
		 FAULT_NONE);
	CHECK_TEXT(board->maildir, "/m/b/staff");
	CHECK_EQ(board->readers.count, 2);
	CHECK_EQ(board->uid, 700);
	CHECK_EQ(board->gid, 701);
	boards_done(&got);
	packed.len = 0;
	rows_pack(board_rows(), &s.boards.at[1], ROLE_FRONT, &packed);
	CHECK_EQ(packed.len, 0);
	settings_done(&s);
}

/* ---- tickets ---- */

static bool opens(const struct tickets *b, struct ticket_holder holder,
		  struct span ticket, const char *text)
{
	char room[TICKET_TEXT_MAX];
	struct buf out = BUF(room);

	if (!ticket_open(b, holder, ticket, &out))
		return false;
	CHECK_SPAN(buf_span(&out), text);
	return true;
}

/* A ticket is good for the connection that it was given to, as it was given. */
static void test_a_ticket_is_its_holders(void **state)
{
	const struct ticket_holder holder = { 7, 9 };
	const struct ticket_holder others[] = {
		{ 7, 8 }, { 8, 9 }, { 9, 7 }, { 0, 0 }
	};
	struct tickets *b = tickets_new(), *later = tickets_new();
	char room[TICKET_OCTETS_MAX], again[TICKET_OCTETS_MAX];
	struct buf ticket = BUF(room), second = BUF(again);

	(void)state;
	assert_true(b && later);
	ticket_seal(b, holder, SPAN("alice"), &ticket);
	CHECK(!ticket.cut);
	CHECK(opens(b, holder, buf_span(&ticket), "alice"));
	CHECK(!memmem(room, ticket.len, "alice", 5));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		CHECK(!opens(b, others[i], buf_span(&ticket), ""));
	CHECK(!opens(later, holder, buf_span(&ticket), "")); /* a restarted process */
	ticket_seal(b, holder, SPAN("alice"), &second);
	CHECK(memcmp(room, again, ticket.len) != 0);
	tickets_free(b);
	tickets_free(later);
}

/* Whatever octet of it is another, whatever is missing or left over, it is none. */
static void test_a_ticket_cannot_be_made(void **state)
{
	const struct ticket_holder holder = { 1, 2 };
	struct tickets *b = tickets_new();
	char room[TICKET_OCTETS_MAX + 1] = { 0 };
	struct buf ticket = BUF(room);

	(void)state;
	assert_non_null(b);
	ticket_seal(b, holder, SPAN("alice"), &ticket);
	for (size_t i = 0; i < ticket.len; i++) {
		room[i] ^= 1;
		CHECK(!opens(b, holder, buf_span(&ticket), ""));
		room[i] ^= 1;
		CHECK(!opens(b, holder, (struct span){ room, i }, ""));
	}
	CHECK(!opens(b, holder, (struct span){ room, ticket.len + 1 }, ""));
	CHECK(!opens(b, holder, (struct span){ room, sizeof room }, ""));
	CHECK(opens(b, holder, buf_span(&ticket), "alice"));
	tickets_free(b);
}

static void test_a_ticket_has_its_size(void **state)
{
	static char text[TICKET_TEXT_MAX + 1], room[TICKET_OCTETS_MAX + 1];
	static const size_t sizes[] = { 0, 1, TICKET_TEXT_MAX };
	const struct ticket_holder holder = { 0 };
	struct tickets *b = tickets_new();
	struct buf ticket = BUF(room);

	(void)state;
	assert_non_null(b);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		memset(text, 'x', sizes[i]);
		ticket = (struct buf)BUF(room);
		ticket_seal(b, holder, (struct span){ text, sizes[i] }, &ticket);
		CHECK(!ticket.cut);
		CHECK_EQ(ticket.len, sizes[i] + TICKET_OCTETS_MAX - TICKET_TEXT_MAX);
		CHECK(opens(b, holder, buf_span(&ticket), text));
	}
	CHECK(!opens(b, holder, (struct span){ room, sizeof room }, ""));
	ticket = (struct buf)BUF(room);
	ticket_seal(b, holder, (struct span){ text, sizeof text }, &ticket);
	CHECK(ticket.cut);
	CHECK_EQ(ticket.len, 0);
	tickets_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_errors_name_their_line),
		TEST(test_there_is_room_for_so_many_boards),
		TEST(test_who_may_read),
		TEST(test_a_reader_of_nothing),
		TEST(test_a_board_travels_to_auth_alone),
		TEST(test_a_ticket_is_its_holders),
		TEST(test_a_ticket_cannot_be_made),
		TEST(test_a_ticket_has_its_size),
	};

	return scheme_start() ? RUN(tests) : 1;
}
