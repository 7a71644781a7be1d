/* cli/recipienttest.c - poplar user test --recipient: asks the running server who gets
 * the mail of an address.
 *
 * Prefix: cli_.
 */
#include "cli/recipienttest.h"

#include <stdio.h>

#include "auth/database.h"
#include "base/own.h"
#include "base/quota.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/server.h"

struct trial {
	const struct settings *settings;
	bool json;
	bool has_steps;
	struct buf name; /* the name that was looked up last */
	char room[256];
	int status;
};

/* ---- steps ---- */

static void show_step(const struct message_TEST_SAYS *m)
{
	static const char *const words[] = {
		[DATABASE_UNKNOWN] = "does not know the user",
		[DATABASE_WRONG] = "refuses the user",
		[DATABASE_RIGHT] = "has the user",
		[DATABASE_DOWN] = "cannot tell",
	};

	printf("database ");
	cli_show(stdout, m->database);
	printf(": %s", m->says <= DATABASE_DOWN ? words[m->says] : "?");
	fputs(m->trouble.len > 0 ? ": " : "", stdout);
	cli_show(stdout, m->trouble);
	putchar('\n');
}

static void json_step(struct trial *t, const struct message_TEST_SAYS *m)
{
	static const char *const words[] = {
		[DATABASE_UNKNOWN] = "unknown",
		[DATABASE_WRONG] = "refused",
		[DATABASE_RIGHT] = "found",
		[DATABASE_DOWN] = "down",
	};

	fputs(t->has_steps ? ", {\"name\": " : "{\"name\": ", stdout);
	json_text(buf_span(&t->name));
	fputs(", \"database\": ", stdout);
	json_text(m->database);
	printf(", \"says\": \"%s\"", m->says <= DATABASE_DOWN ? words[m->says] : "?");
	fputs(", \"trouble\": ", stdout);
	json_text(m->trouble);
	putchar('}');
	t->has_steps = true;
}

/* ---- the result ---- */

static int status_of(uint64_t fault)
{
	if (fault == FAULT_NO_USER || fault == FAULT_NO_DELIVERY)
		return CLI_BAD;
	return fault ? CLI_TEMPORARY : CLI_OK;
}

static enum fault known(uint64_t fault)
{
	return fault < FAULT_COUNT ? (enum fault)fault : FAULT_PEER;
}

static void show_end(const struct trial *t, const struct message_TEST_IS *m)
{
	const struct quota quota = { m->quota_octets, m->quota_messages };
	char room[64];
	struct buf text = BUF(room);

	if (m->fault) {
		printf("%s: %s",
		       status_of(m->fault) == CLI_BAD ? "mail is refused"
						      : "mail has to wait",
		       fault_text(known(m->fault)));
		fputs(m->trouble.len > 0 ? ": " : "", stdout);
		cli_show(stdout, m->trouble);
		putchar('\n');
		return;
	}
	printf("mail goes to ");
	cli_show(stdout, m->user);
	printf(", maildrop %s/", t->settings->mail_root);
	cli_show(stdout, m->path);
	if (m->has_uid)
		printf(", kept by uid %ju\n", (uintmax_t)m->uid);
	else
		printf(", kept by %s\n", t->settings->mail_user);
	quota_print(&quota, &text);
	printf("quota: %s\n", buf_cstr(&text));
}

static void json_end(const struct trial *t, const struct message_TEST_IS *m)
{
	const struct quota quota = { m->quota_octets, m->quota_messages };
	char label[FAULT_LABEL_MAX];

	printf("], \"fault\": ");
	if (m->fault) {
		json_text(fault_label(known(m->fault), label));
		printf(", \"trouble\": ");
		json_text(m->trouble);
		puts("}");
		return;
	}
	printf("null, \"user\": ");
	json_text(m->user);
	printf(", \"mail_root\": ");
	json_text(span_of(t->settings->mail_root));
	printf(", \"maildrop\": ");
	json_text(m->path);
	printf(", \"uid\": ");
	if (m->has_uid)
		printf("%ju", (uintmax_t)m->uid);
	else
		printf("null");
	printf(", \"quota\": ");
	json_quota(&quota);
	puts("}");
}

/* ---- answers of poplar-auth; false: it was the last, and t->status is set ---- */

static bool on_looks(void *arg, const struct message *m, struct channel_files *none)
{
	struct trial *t = arg;

	(void)none;
	t->name = (struct buf)BUF(t->room);
	buf_put(&t->name, m->TEST_LOOKS.user);
	if (t->json)
		return true;
	printf("looking for ");
	cli_show(stdout, m->TEST_LOOKS.user);
	putchar('\n');
	return true;
}

static bool on_says(void *arg, const struct message *m, struct channel_files *none)
{
	struct trial *t = arg;

	(void)none;
	if (t->json)
		json_step(t, &m->TEST_SAYS);
	else
		show_step(&m->TEST_SAYS);
	return true;
}

static bool on_is(void *arg, const struct message *m, struct channel_files *none)
{
	struct trial *t = arg;

	(void)none;
	t->status = status_of(m->TEST_IS.fault);
	if (t->json)
		json_end(t, &m->TEST_IS);
	else
		show_end(t, &m->TEST_IS);
	return false;
}

/* The tool has not asked for this answer: ignore it. */
static bool on_other(void *arg, const struct message *m, struct channel_files *files)
{
	(void)arg, (void)m;
	for (unsigned i = 0; i < files->count; i++)
		own_fd_close(&files->at[i]);
	return true;
}

#define HEARS_AUTH(X)                                                                  \
	X(TEST_LOOKS, on_looks)                                                        \
	X(TEST_SAYS, on_says)                                                          \
	X(TEST_IS, on_is)                                                              \
	X(TEST_DROP, on_other)                                                         \
	X(FIND_IS, on_other)
DISPATCH(from_auth, AUTH, TOOL, HEARS_AUTH);

/* The server cannot be asked, or has not answered: complete the JSON. Returns `status`.
 */
static int lose(const struct trial *t, enum fault f, int status)
{
	const struct message_TEST_IS is = {
		.fault = f, .trouble = SPAN("the server gave no answer")
	};

	if (t->json)
		json_end(t, &is);
	return status;
}

int cli_test_recipient(const struct settings *settings, const char *address, bool json)
{
	struct trial t = { .settings = settings, .json = json };
	const struct message m = { .kind = MESSAGE_TEST_RECIPIENT,
				   .TEST_RECIPIENT = { span_of(address) } };
	OWN_FD fd = cli_connect(settings);
	const enum fault f = fd < 0 ? FAULT_PEER : cli_ask(fd, &m);

	t.name = (struct buf)BUF(t.room);
	if (json) {
		fputs("{\"address\": ", stdout);
		json_text(span_of(address));
		fputs(", \"steps\": [", stdout);
	}
	if (f)
		return lose(&t, f, f == FAULT_UNSENDABLE ? CLI_BAD : CLI_NO_SERVER);
	return cli_hear(fd, &from_auth, &t) ? t.status
					    : lose(&t, FAULT_PEER, CLI_NO_SERVER);
}
