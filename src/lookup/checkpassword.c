/* lookup/checkpassword.c - asks a program with the interface of checkpassword.
 *
 * The program reads "name NUL password NUL time NUL" from descriptor 3. If the password
 * is right, it runs the command in its last arguments: this executable again, which
 * writes the user's fields from its environment to descriptor 4 (lookup_reply). The
 * program never runs as the user who logs in, nor as root: no process of a user can
 * hold descriptor 4 and answer in place of the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "base/secret.h"
#include "lookup/driver.h"

/* The interface's descriptors, and its limit of octets on the first one. */
enum { ASK_FD = 3, REPLY_FD = 4, SELF_FD = 5, OCTETS_MAX = 512, ARGUMENTS_MAX = 40 };

/* A longer value is cut here: lookup_field refuses it all the same. */
enum { TOO_MUCH = 2 * sizeof((struct lookup_answer *)0)->room };

/* Exit statuses of the interface, and Dovecot's one for an unknown user. */
enum { EXIT_RIGHT = 0, EXIT_WRONG = 1, EXIT_UNKNOWN = 3, EXIT_TROUBLE = 111 };

/* ---- the command that the program runs last ---- */

extern char **environ;

static void tell(const char *field, const char *value)
{
	char room[TOO_MUCH + 128];
	struct buf b = BUF(room);

	buf_text(&b, field);
	buf_char(&b, '\0');
	buf_put(&b, (struct span){ value, strnlen(value, TOO_MUCH) });
	buf_char(&b, '\0');
	if (b.cut || write(REPLY_FD, b.at, b.len) != (ssize_t)b.len)
		_exit(EXIT_TROUBLE);
}

static const char *value_of(struct span name)
{
	char text[64];

	return span_copy(name, text, sizeof text) ? getenv(text) : NULL;
}

/* HOME, and the variables that EXTRA lists. */
_Noreturn void lookup_reply(void)
{
	const char *home = getenv("HOME"), *extra = getenv("EXTRA");
	struct span rest = span_of(extra ? extra : "");

	if (home && *home == '/')
		tell("home", home);
	while (rest.len > 0) {
		struct span name;
		char text[64];

		span_cut(&rest, ' ', &name);
		const char *value = value_of(name);
		if (value && span_copy(name, text, sizeof text) && *text)
			tell(text, value);
	}
	tell("", "");      /* the end */
	_exit(EXIT_RIGHT); /* _exit: no exit handler changes the status */
}

/* ---- asking ---- */

struct program {
	char *argv[ARGUMENTS_MAX];
	int self; /* this executable */
};

static void *open_program(const struct database_settings *settings, const char *secret,
			  struct why *why)
{
	struct program *p = calloc(1, sizeof *p);
	unsigned n = 0;

	(void)secret;
	if (!p) {
		fault_set(why, FAULT_NOMEM, 0, "keep settings", NULL);
		return NULL;
	}
	p->self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (p->self < 0) {
		fault_set(why, FAULT_SETUP, errno, "open", "/proc/self/exe");
		free(p);
		return NULL;
	}
	for (; n < settings->program.count; n++)
		p->argv[n] = settings->program.at[n];
	p->argv[n++] = unconst("/proc/self/fd/5");
	p->argv[n++] = unconst(LOOKUP_REPLY_OPTION);
	return p;
}

/* Move descriptors away from the numbers of the interface. */
static int lift(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 10);
}

static _Noreturn void become(const struct program *p, int ask, int reply,
			     struct span peer)
{
	char address[80] = "TCPREMOTEIP=";
	char *const environment[] = { unconst("PATH=/usr/local/bin:/usr/bin:/bin"),
				      unconst("PROTO=TCP"), unconst("SERVICE=pop3"),
				      address, NULL };
	int from[] = { lift(ask), lift(reply), lift(p->self) };
	size_t len = strlen(address);

	if (!span_copy(peer, address + len, sizeof address - len))
		address[len] = '\0';
	/* The program dies with this process, which poplard may kill. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		_exit(EXIT_TROUBLE);
	for (int i = 0; i < 3; i++)
		if (from[i] < 0 || dup2(from[i], ASK_FD + i) < 0)
			_exit(EXIT_TROUBLE);
	signal(SIGPIPE, SIG_DFL);
	execve(p->argv[0], p->argv, environment);
	_exit(EXIT_TROUBLE);
}

/* A pipe has room for all of it: the write does not wait. */
static bool put_question(int fd, const struct lookup_question *q)
{
	char room[OCTETS_MAX];
	struct buf b = BUF(room);

	buf_put(&b, q->name);
	buf_char(&b, '\0');
	buf_put(&b, q->password);
	buf_char(&b, '\0');
	buf_char(&b, '0');
	buf_char(&b, '\0');
	bool ok = !b.cut && write(fd, b.at, b.len) == (ssize_t)b.len;
	secret_wipe(room, sizeof room);
	return ok;
}

/* Read everything. False: it is too long, or lacks its end. */
static bool read_reply(int fd, struct lookup_answer *answer)
{
	static const char end[] = { '\0', '\0' };
	struct buf *b = &answer->fields;
	ssize_t n = 1;

	while (n > 0 && buf_left(b) > 0) {
		n = read(fd, b->at + b->len, buf_left(b));
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			b->len += (size_t)n;
	}
	if (n != 0 || b->len < sizeof end ||
	    memcmp(b->at + b->len - sizeof end, end, sizeof end) != 0)
		return false;
	b->len -= sizeof end;
	return true;
}

static enum database_says judge(int status, bool complete, struct lookup_answer *answer)
{
	char text[16];
	struct buf b = BUF(text);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_TROUBLE;

	if (!complete && buf_left(&answer->fields) == 0)
		return lookup_down(answer, FAULT_UNSENDABLE, 0,
				   "use fields that are too long together", NULL);
	if (code == EXIT_RIGHT && complete)
		return DATABASE_RIGHT;
	if (code == EXIT_WRONG)
		return DATABASE_WRONG;
	if (code == EXIT_UNKNOWN)
		return DATABASE_UNKNOWN;
	buf_u64(&b, (uint64_t)code);
	return lookup_down(answer, FAULT_IO, 0,
			   code == EXIT_RIGHT ? "hear a whole reply of the program"
					      : "ask: the program ended with status",
			   code == EXIT_RIGHT ? NULL : buf_cstr(&b));
}

static enum database_says ask_program(const struct program *p,
				      const struct lookup_question *q, int ask[2],
				      int reply[2], struct lookup_answer *answer)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		become(p, ask[0], reply[1], lookup_address(q->peer));
	own_fd_close(&ask[0]);
	own_fd_close(&reply[1]);
	if (pid < 0)
		return lookup_down(answer, FAULT_LIMIT, errno, "fork", NULL);
	bool put = put_question(ask[1], q);
	own_fd_close(&ask[1]);
	bool complete = read_reply(reply[0], answer) && put;
	own_fd_close(&reply[0]); /* so that a program that still writes does not wait
				    for a reader */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return lookup_down(answer, FAULT_IO, errno, "wait", NULL);
	return judge(status, complete, answer);
}

static enum database_says ask(void *self, const struct lookup_question *q,
			      struct lookup_answer *answer)
{
	int pipes[2][2] = { { -1, -1 }, { -1, -1 } };
	enum database_says says;

	if (!q->judge)
		return lookup_down(answer, FAULT_SETUP, 0,
				   "find a user without a password", NULL);
	if (pipe2(pipes[0], O_CLOEXEC) < 0 || pipe2(pipes[1], O_CLOEXEC) < 0)
		says = lookup_down(answer, FAULT_LIMIT, errno, "pipe", NULL);
	else
		says = ask_program(self, q, pipes[0], pipes[1], answer);
	for (int i = 0; i < 4; i++)
		own_fd_close(&pipes[i / 2][i % 2]);
	return says;
}

const struct lookup_driver lookup_checkpassword = { open_program, ask };
