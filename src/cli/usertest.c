/* cli/usertest.c - poplar user test: asks the running server about a user, and prints
 * its answer step by step.
 *
 * The exit status is what a client would get: CLI_OK for a login, CLI_BAD for a refusal
 * ([AUTH], or no code), CLI_TEMPORARY for [SYS/TEMP] and [IN-USE], CLI_PERMANENT for
 * [SYS/PERM], CLI_NO_SERVER if no server answers.
 */
#include "cli/usertest.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/database.h"
#include "base/address.h"
#include "base/buf.h"
#include "base/mechanism.h"
#include "base/own.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/password.h"
#include "cli/recipienttest.h"
#include "cli/server.h"

/* The longest time in which a maildrop process opens the maildrop. */
enum { PATIENCE_MS = 30000 };

static const char usage[] =
	"usage: poplar user test [--from ADDRESS] [--clear] [--method MECHANISM] NAME\n"
	"       poplar user test --recipient [--json] ADDRESS\n"
	"\n"
	"Asks for a password, and asks the running server whether the user could\n"
	"log in with it from ADDRESS (127.0.0.1), with TLS or (--clear) without,\n"
	"by MECHANISM (USER, APOP, PLAIN, LOGIN, SCRAM-SHA-256 and so on).\n"
	"Status 0: yes; 1: refused; 75: not now ([SYS/TEMP], [IN-USE]); 70: not\n"
	"before a repair ([SYS/PERM]); 69: no server answers.\n"
	"\n"
	"With --recipient, asks the server who gets the mail of ADDRESS. Status 0:\n"
	"the user is printed; 1: mail is refused; 75: mail has to wait; 69: no server\n"
	"answers.\n";

/* The login that is tried. */
struct trial {
	struct settings settings;
	const char *name;
	struct address from;
	char peer[ADDRESS_TEXT_MAX];
	enum mechanism method;
	bool clear;
	bool is_login;              /* an option for logins is given */
	bool is_recipient, is_json; /* `name` is the address of a recipient */
	char path[4096 + 1];        /* of the maildrop, below mail-root */
	int status;                 /* the exit status, set by the last answer */
};

/* ---- answers ---- */

/* Print a text that comes from outside; control characters become '?'. */
static void print(const char *before, struct span text, const char *after)
{
	fputs(before, stdout);
	for (size_t i = 0; i < text.len; i++)
		putchar((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f
				? '?'
				: text.at[i]);
	fputs(after, stdout);
}

/* The name as a login prepares it, which may differ from the given one. */
static void print_name(const struct message_TEST_LOOKS *m)
{
	if (m->user.len > 0)
		print("looking for ", m->user, "\n");
	else
		puts("no user can have this name");
}

static void print_step(const struct message_TEST_SAYS *m)
{
	static const char *const words[] = {
		[DATABASE_UNKNOWN] = "does not know the user",
		[DATABASE_WRONG] = "the password is wrong, or the user is refused",
		[DATABASE_RIGHT] = "the password is right",
		[DATABASE_DOWN] = "cannot tell",
	};

	print("database ", m->database, ": ");
	fputs(m->says <= DATABASE_DOWN ? words[m->says] : "?", stdout);
	print(m->trouble.len > 0 ? ": " : "", m->trouble, "\n");
}

static int refused(uint64_t said, struct span trouble)
{
	const enum fault f = said < FAULT_COUNT ? (enum fault)said : FAULT_PEER;

	printf("login refused: %s", fault_text(f));
	print(trouble.len > 0 ? ": " : "", trouble, "\n");
	if (fault_retry(f))
		return CLI_TEMPORARY;
	return strcmp(fault_code(f), "[SYS/PERM]") == 0 ? CLI_PERMANENT : CLI_BAD;
}

static int take_end(struct trial *t, const struct message_TEST_IS *m)
{
	const struct settings *s = &t->settings;

	if (m->fault)
		return refused(m->fault, m->trouble);
	print("login as ", m->user, "");
	print(", maildrop ", span_of(s->mail_root), "");
	print("/", m->path, "");
	if (m->has_uid)
		printf(", kept by uid %ju\n", (uintmax_t)m->uid);
	else
		printf(", kept by %s\n", s->mail_user);
	return span_copy(m->path, t->path, sizeof t->path) ? CLI_OK : CLI_PERMANENT;
}

/* ---- the maildrop ---- */

static bool is_missing(int root, const char *path)
{
	struct stat st;

	return fstatat(root, path, &st, 0) < 0 && errno == ENOENT;
}

/* Is the only reason that the Maildir or its folders are missing, which a login would
 * make? */
static bool is_to_be_made(const struct trial *t)
{
	OWN_FD root = open(t->settings.mail_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[sizeof t->path + 8];
	struct buf b = BUF(path);
	const char *slash = strrchr(t->path, '/');
	const size_t len = slash ? (size_t)(slash - t->path) : 0;

	if (root < 0)
		return false;
	if (is_missing(root, t->path)) {
		buf_put(&b, (struct span){ t->path, len });
		return len == 0 || t->settings.create_home ||
		       !is_missing(root, buf_cstr(&b));
	}
	buf_text(&b, t->path);
	buf_text(&b, "/cur");
	if (is_missing(root, buf_cstr(&b)))
		return true;
	b.len -= strlen("cur");
	buf_text(&b, "new");
	return is_missing(root, buf_cstr(&b));
}

static int not_opened(const struct trial *t, uint64_t fault)
{
	if (fault == FAULT_SETUP && is_to_be_made(t)) {
		puts("there is no Maildir yet: the login makes it");
		return CLI_OK;
	}
	return refused(fault, SPAN("see event=open-failed in the log"));
}

/* Open the maildrop as a front does, for a session that changes nothing. */
static int look_into(const struct trial *t, int fd)
{
	OWN_FD session = fd;
	struct channel drop = channel_of(session, ROLE_DROP, ROLE_FRONT);
	struct channel_inbox inbox;
	const struct message *m = &inbox.message;

	channel_receive_timeout(session, PATIENCE_MS);
	switch (channel_receive(&drop, CHANNEL_WAIT, &inbox)) {
	case CHANNEL_MESSAGE:
		break;
	case CHANNEL_EMPTY:
		return refused(FAULT_LIMIT, SPAN("poplar-drop does not answer"));
	case CHANNEL_CUT:
	case CHANNEL_CLOSED:
	case CHANNEL_BROKEN:
		return refused(FAULT_PEER, SPAN("poplar-drop has ended"));
	}
	own_fd_close(&inbox.files.at[0]); /* the listing: only its totals are shown */
	if (m->kind != MESSAGE_READY)
		return not_opened(t, m->kind == MESSAGE_FAILED ? m->FAILED.fault
							       : FAULT_PEER);
	printf("messages in it: %ju, octets: %ju\n", (uintmax_t)m->READY.count,
	       (uintmax_t)m->READY.octets);
	return CLI_OK;
}

/* ---- answers of poplar-auth; false: it was the last, and t->status is set ---- */

static bool on_looks(void *arg, const struct message *m, struct channel_files *none)
{
	(void)arg, (void)none;
	print_name(&m->TEST_LOOKS);
	return true;
}

static bool on_says(void *arg, const struct message *m, struct channel_files *none)
{
	(void)arg, (void)none;
	print_step(&m->TEST_SAYS);
	return true;
}

static bool on_is(void *arg, const struct message *m, struct channel_files *none)
{
	struct trial *t = arg;

	(void)none;
	t->status = take_end(t, &m->TEST_IS);
	return t->status == CLI_OK;
}

static bool on_drop(void *arg, const struct message *m, struct channel_files *files)
{
	struct trial *t = arg;

	(void)m;
	t->status = look_into(t, files->at[0]);
	return false;
}

static bool on_find(void *arg, const struct message *m, struct channel_files *none)
{
	struct trial *t = arg;

	(void)m, (void)none;
	t->status = CLI_NO_SERVER; /* the tool has not asked for this answer */
	return false;
}

#define HEARS_AUTH(X)                                                                  \
	X(TEST_LOOKS, on_looks)                                                        \
	X(TEST_SAYS, on_says)                                                          \
	X(TEST_IS, on_is)                                                              \
	X(TEST_DROP, on_drop)                                                          \
	X(FIND_IS, on_find)
DISPATCH(from_auth, AUTH, TOOL, HEARS_AUTH);

/* ---- asking ---- */

/* Would a front offer the mechanism on such a connection? */
static bool is_open(const struct trial *t)
{
	const unsigned needs = mechanism_needs(t->method);
	const uint32_t way = t->settings.plaintext_auth;

	if (!t->clear)
		return true;
	if (needs & MECHANISM_BINDING)
		return false;
	return !(needs & MECHANISM_BARES) || way == PLAINTEXT_AUTH_YES ||
	       (way == PLAINTEXT_AUTH_LOOPBACK && address_is_loopback(&t->from));
}

static int ask(struct trial *t, struct span password)
{
	const struct message m = { .kind = MESSAGE_TEST_ASK,
				   .TEST_ASK = { !t->clear, t->method, span_of(t->peer),
						 span_of(t->name), password } };

	if (!is_open(t))
		return refused(FAULT_NEEDS_TLS, SPAN("by the setting plaintext-auth"));
	OWN_FD fd = cli_connect(&t->settings);
	if (fd < 0)
		return CLI_NO_SERVER;
	switch (cli_ask(fd, &m)) {
	case FAULT_NONE:
		return cli_hear(fd, &from_auth, t) ? t->status : CLI_NO_SERVER;
	case FAULT_UNSENDABLE:
		return CLI_BAD;
	default:
		cli_say("cannot send the question to the server", NULL);
		return CLI_NO_SERVER;
	}
}

/* A mechanism that needs only a name and a password. */
static bool take_method(const char *text, enum mechanism *out)
{
	const unsigned others = MECHANISM_BIT(GSSAPI) | MECHANISM_BIT(OAUTHBEARER) |
				MECHANISM_BIT(XOAUTH2) | MECHANISM_BIT(EXTERNAL) |
				MECHANISM_BIT(ANONYMOUS);

	if (mechanism_find(span_of(text), out) && !(others >> *out & 1))
		return true;
	cli_say("not a mechanism for passwords", text);
	return false;
}

static bool take_address(const char *text, struct address *out)
{
	if (address_parse(span_of(text), out))
		return true;
	cli_say("not a numeric address", text);
	return false;
}

static bool parse(struct trial *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "clear", no_argument, NULL, 'c' },
		{ "method", required_argument, NULL, 'm' },
		{ "recipient", no_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		t->is_recipient |= option == 'r';
		t->is_json |= option == 'j';
		t->clear |= option == 'c';
		t->is_login |= option == 'c' || option == 'f' || option == 'm';
		if (!strchr("rjc", option) &&
		    !(option == 'f' && take_address(optarg, &t->from)) &&
		    !(option == 'm' && take_method(optarg, &t->method)))
			return false;
	}
	if (argc - optind != 1 || (t->is_recipient && t->is_login) ||
	    (t->is_json && !t->is_recipient))
		return false;
	t->name = argv[optind];
	address_text(&t->from, 110, t->peer);
	return true;
}

int cli_test(const char *config, int argc, char **argv)
{
	struct trial t = { .method = MECHANISM_ID_USER };
	struct cli_password password;
	int status = CLI_BAD;

	if (cli_wants_help(argc, argv)) {
		fputs(usage, stdout);
		return CLI_OK;
	}
	if (!address_parse(SPAN("127.0.0.1"), &t.from) || !parse(&t, argc, argv)) {
		fputs(usage, stderr);
		return CLI_USAGE;
	}
	cli_load(config, &t.settings);
	setlinebuf(stdout); /* each step is seen when it is done */
	if (t.is_recipient)
		status = cli_test_recipient(&t.settings, t.name, t.is_json);
	else if (cli_read_password(t.name, &password))
		status = ask(&t, (struct span){ password.text, password.len });
	secret_wipe(&password, sizeof password);
	settings_done(&t.settings);
	return status;
}
