/* cli/deliver.c - poplar deliver: delivers a message from standard input.
 *
 * Mail programs that run this command read its exit status in different ways. Only 0
 * and CLI_TEMPORARY mean the same for all of them, and some take death by a signal for
 * a refusal. So every trouble that an operator or time can mend, wrong options and a
 * wrong configuration included, is CLI_TEMPORARY, and so is a signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "base/own.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/direct.h"
#include "cli/talk.h"

struct delivery {
	const char *config, *server;
	const char *sender; /* NULL: as the message says */
	bool is_direct;     /* without a server */
	const char
		*maildir; /* the path of the only maildrop; NULL: those of addresses */
	struct dialog_mail mail;
	struct intake message;
};

static int explain(FILE *to)
{
	fputs("usage: poplar deliver [-f SENDER] [--socket SERVER] [-a] ADDRESS...\n"
	      "       poplar deliver [-f SENDER] --direct [-a] ADDRESS...\n"
	      "       poplar deliver [-f SENDER] --maildir PATH\n"
	      "\n"
	      "Delivers the message on standard input to the maildrops of all these\n"
	      "addresses, by LMTP. SERVER is the path of a Unix socket or an address\n"
	      "and port; without it, poplar takes the first one of listen-lmtp.\n"
	      "With --direct, poplar needs no server: it finds the users in the users\n"
	      "files, and stores the message as the owner of the maildrop. --maildir\n"
	      "does so for the Maildir PATH below mail-root.\n"
	      "Without SENDER, poplar takes the sender from a \"From \" line or a\n"
	      "Return-Path field at the beginning of the message.\n"
	      "Status 0: delivered; 75: try again later; 67: no such user; 65: the\n"
	      "message is empty; 69: refused for another reason.\n",
	      to);
	return to == stdout ? CLI_OK : CLI_TEMPORARY;
}

/* ---- the environment ---- */

static void on_signal(int number)
{
	(void)number;
	_exit(CLI_TEMPORARY);
}

static void catch_signals(void)
{
	static const int numbers[] = { SIGHUP,    SIGINT,  SIGQUIT, SIGTERM, SIGALRM,
				       SIGUSR1,   SIGUSR2, SIGXCPU, SIGPROF, SIGPOLL,
				       SIGVTALRM, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,
				       SIGABRT,   SIGSYS };
	const struct sigaction action = { .sa_handler = on_signal };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL); /* standard error may be closed */
	sigaction(SIGXFSZ, &ignore, NULL); /* write(2) fails with EFBIG */
}

/* If standard error were closed, the first socket would get its number, and messages
 * for the operator would go over that socket. */
static bool have_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	own_fd_close(&fd);
	return fcntl(STDERR_FILENO, F_GETFD) >= 0;
}

/* ---- arguments ---- */

static void add(struct delivery *d, const char *address)
{
	d->mail.recipients[d->mail.count++].address = span_of(address);
}

/* Parse the arguments into *d. False: they are wrong. */
static bool read_arguments(struct delivery *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "direct", no_argument, NULL, 'd' },
		{ "maildir", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};

	for (;;) {
		switch (getopt_long(argc, argv, "a:f:", options, NULL)) {
		case 'a':
			add(d, optarg);
			continue;
		case 'f':
			d->sender = optarg;
			continue;
		case 's':
			d->server = optarg;
			continue;
		case 'd':
			d->is_direct = true;
			continue;
		case 'm':
			d->maildir = optarg;
			continue;
		case -1:
			break;
		default:
			return false;
		}
		break;
	}
	for (int i = optind; i < argc; i++)
		add(d, argv[i]);
	if (!d->maildir)
		return d->mail.count > 0 && !(d->is_direct && d->server);
	const bool alone = d->mail.count == 0 && !d->server;
	add(d, d->maildir);
	return alone && d->maildir[0] == '/';
}

/* ---- the delivery ---- */

static struct span sender_of(const struct delivery *d)
{
	const char *sender = d->sender ? d->sender : d->message.sender;

	return strcmp(sender, "<>") == 0 ? SPAN("") : span_of(sender);
}

static int status_of(const struct dialog_mail *mail)
{
	bool seen[DIALOG_VERDICTS] = { false };

	for (size_t i = 0; i < mail->count; i++) {
		const struct dialog_recipient *r = &mail->recipients[i];

		seen[r->verdict] = true;
		if (r->verdict == DIALOG_DONE)
			continue;
		fputs("poplar: ", stderr);
		cli_show(stderr, r->address);
		fputs(": ", stderr);
		cli_show(stderr, span_of(r->said));
		fputs("\n", stderr);
	}
	if (seen[DIALOG_LATER])
		return CLI_TEMPORARY;
	if (seen[DIALOG_REFUSED])
		return CLI_REFUSED;
	return seen[DIALOG_NO_USER] ? CLI_NO_USER : CLI_OK;
}

/* Set d->server: to the given one, the first Unix socket of listen-lmtp, or else its
 * first address. False: there is none, which has been reported. */
static bool find_server(struct delivery *d, struct settings *s)
{
	if (d->server)
		return true;
	if (!cli_try_load(d->config, s))
		return false;
	for (unsigned i = 0; i < s->listen_lmtp.count && !d->server; i++)
		if (s->listen_lmtp.at[i][0] == '/')
			d->server = s->listen_lmtp.at[i];
	if (!d->server && s->listen_lmtp.count > 0)
		d->server = s->listen_lmtp.at[0];
	if (!d->server)
		cli_say("listen-lmtp is empty: the server takes no mail", d->config);
	return d->server != NULL;
}

static int deliver(struct delivery *d)
{
	OWN_SETTINGS settings = { 0 };
	struct why why = { 0 };

	const bool direct = d->is_direct || d->maildir;

	if (!(direct ? cli_try_load(d->config, &settings) : find_server(d, &settings)))
		return CLI_TEMPORARY;
	const enum fault f = intake_read(STDIN_FILENO, &d->message, &why);
	if (f == FAULT_SYNTAX)
		cli_say("the message is empty", NULL);
	else if (f)
		cli_complain(&why);
	if (f)
		return f == FAULT_SYNTAX ? CLI_DATA : CLI_TEMPORARY;
	/* not the name of the machine, which need not be a domain that LHLO allows */
	d->mail.host = SPAN("localhost");
	d->mail.sender = sender_of(d);
	d->mail.octets = d->message.wire_octets;
	d->mail.is_8bit = d->message.is_8bit;
	d->mail.has_utf8 = d->message.has_utf8;
	if (direct)
		direct_deliver(&settings, d->maildir != NULL, &d->message, &d->mail);
	else
		talk_deliver(d->server, &d->message, &d->mail);
	return status_of(&d->mail);
}

int cli_deliver(const char *config, int argc, char **argv)
{
	struct delivery d = { .config = config, .message = { .fd = -1 } };
	int status;

	if (cli_wants_help(argc, argv))
		return explain(stdout);
	catch_signals();
	d.mail.recipients = calloc((size_t)argc + 1, sizeof *d.mail.recipients);
	if (!d.mail.recipients || !have_standard_files())
		status = CLI_TEMPORARY;
	else if (!read_arguments(&d, argc, argv))
		status = explain(stderr);
	else
		status = deliver(&d);
	intake_end(&d.message);
	free(d.mail.recipients);
	return status;
}
