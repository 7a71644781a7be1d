/* cli/password.c - passwords that the operator types.
 *
 * They are typed without echo or come from standard input, never from the command line.
 */
#include "cli/password.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "auth/user/prep.h"
#include "base/own.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "net/line.h"

/* The room in a line after "PASS " and before CRLF. */
enum { PASS_OCTETS_MAX = LINE_POP3_MAX - 5 - 2 };

/* False: the input has ended, or a signal has come, by which the signalfd `wake`
 * becomes readable (-1: signals are not watched). */
static bool read_octet(int fd, int wake, char *out)
{
	struct pollfd polls[] = { { fd, POLLIN, 0 }, { wake, POLLIN, 0 } };

	return (wake < 0 || (poll(polls, 2, -1) > 0 && !polls[1].revents)) &&
	       read(fd, out, 1) == 1;
}

/* Read one line without its end. False: it is empty or too long. */
static bool read_line(int fd, int wake, struct cli_password *out)
{
	char c = 0;

	out->len = 0;
	while (read_octet(fd, wake, &c) && c != '\n') {
		if (out->len == sizeof out->text)
			return false;
		out->text[out->len++] = c;
	}
	if (out->len > 0 && out->text[out->len - 1] == '\r')
		out->len--;
	return out->len > 0;
}

/* Echo is off only while this function runs. */
static bool read_hidden(int tty, int wake, const char *prompt, const char *name,
			struct cli_password *out)
{
	struct termios shown, hidden;

	if (tcgetattr(tty, &shown) < 0)
		return false;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &hidden); /* before the prompt: flushing would drop
					       what is typed early */
	dprintf(tty, "%s %s: ", prompt, name);
	bool ok = read_line(tty, wake, out);
	tcsetattr(tty, TCSAFLUSH, &shown);
	dprintf(tty, "\n");
	return ok;
}

/* Signals that end or stop the tool are blocked until the terminal has its echo again,
 * and are delivered then. After a stop and a continuation the prompt comes again. */
static bool ask(int tty, const char *prompt, const char *name, struct cli_password *out)
{
	static const int held[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
	bool ok, came;
	sigset_t set, before;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof held / sizeof *held; i++)
		sigaddset(&set, held[i]);
	OWN_FD wake = signalfd(-1, &set, SFD_CLOEXEC);
	if (wake < 0)
		return false;
	do {
		sigprocmask(SIG_BLOCK, &set, &before);
		ok = read_hidden(tty, wake, prompt, name, out);
		came = poll(&(struct pollfd){ wake, POLLIN, 0 }, 1, 0) > 0;
		sigprocmask(SIG_SETMASK, &before, NULL);
	} while (came);
	return ok;
}

/* *out is -1 if standard input is no terminal. False: the terminal cannot be opened. */
static bool open_terminal(int *out)
{
	*out = -1;
	if (!isatty(STDIN_FILENO))
		return true;
	*out = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (*out < 0)
		cli_say("the terminal cannot be opened", NULL);
	return *out >= 0;
}

static bool read_once(int tty, const char *prompt, const char *name,
		      struct cli_password *out)
{
	bool ok = tty >= 0 ? ask(tty, prompt, name, out)
			   : read_line(STDIN_FILENO, -1, out);

	if (!ok)
		cli_say("a password has 1 to 255 octets", NULL);
	return ok;
}

bool cli_read_password(const char *name, struct cli_password *out)
{
	OWN_FD tty = -1;

	return open_terminal(&tty) && read_once(tty, "Password of", name, out);
}

static bool read_new(const char *name, struct cli_password *out)
{
	struct cli_password again;
	OWN_FD tty = -1;

	if (!open_terminal(&tty) || !read_once(tty, "New password for", name, out))
		return false;
	if (tty < 0)
		return true;
	bool ok = read_once(tty, "Once more, for", name, &again);
	bool same = ok && secret_same((struct span){ out->text, out->len },
				      (struct span){ again.text, again.len });

	secret_wipe(&again, sizeof again);
	if (ok && !same)
		cli_say("the two passwords are not the same; nothing has changed",
			NULL);
	return same;
}

/* Can a client send the password? PASS takes the rest of the line, with spaces at
 * either end (RFC 1939 section 7), so it cannot send a line end; AUTH PLAIN cannot send
 * NUL or CR (RFC 4616 section 2). */
static bool can_be_shown(struct span password)
{
	if (span_has_any(password, "\r\n")) { /* or the NUL at the end */
		cli_say("no client can send a password with CR, LF or NUL in it", NULL);
		return false;
	}
	if (password.len > PASS_OCTETS_MAX)
		fprintf(stderr,
			"poplar: warning: %zu octets are more than the %d that PASS "
			"takes; only clients that use AUTH can send this password\n",
			password.len, PASS_OCTETS_MAX);
	return true;
}

static bool make(const char *scheme, struct span password, char out[SCHEME_STORED_MAX])
{
	enum fault f = scheme_make(scheme, password, out);

	if (f == FAULT_SYNTAX)
		cli_say("no such scheme for new passwords", scheme);
	else if (f == FAULT_LIMIT)
		cli_say("this scheme cannot store such a password", scheme);
	else if (f)
		cli_say("the password could not be hashed", NULL);
	return f == FAULT_NONE;
}

/* The password is prepared as it will be at a login (RFC 4013). */
static bool make_prepared(const char *scheme, struct span password,
			  char out[SCHEME_STORED_MAX])
{
	struct prep_text prepared;
	bool ok = prep_password(password, PREP_QUERY, &prepared);

	if (!ok)
		cli_say("a password is UTF-8, of characters that SASLprep allows",
			NULL);
	ok = ok && make(scheme, prepared.text, out);
	prep_done(&prepared);
	return ok;
}

bool cli_make_password(const char *name, const char *scheme,
		       char out[SCHEME_STORED_MAX])
{
	struct cli_password password = { 0 };
	bool ok = read_new(name, &password);
	const struct span text = { password.text, password.len };

	ok = ok && can_be_shown(text) && make_prepared(scheme, text, out);
	secret_wipe(&password, sizeof password);
	return ok;
}
