/* cli/verifymove.c - poplar verify-move: compares the maildrops that two servers show.
 */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/own.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/movepair.h"
#include "tls/outbound.h"

static const char help[] =
	"usage: poplar verify-move --old SERVER --new SERVER --passwords FILE "
	"[USER...]\n"
	"\n"
	"Logs in to both servers as each user, and compares STAT, LIST and UIDL octet\n"
	"for octet, and some messages by a digest. Prints one line for each user. It\n"
	"sends no QUIT, so neither server removes or marks a message.\n"
	"\n"
	"SERVER is HOST, HOST:PORT or [ADDRESS]:PORT. USER: the names to compare; "
	"none:\n"
	"all names in the file of passwords.\n"
	"\n"
	"  --passwords FILE     lines \"user:password\" for both servers, or for one "
	"of\n"
	"  --old-passwords FILE them\n"
	"  --new-passwords FILE\n"
	"  --master FILE        one line \"name:password\" of a master user, for both\n"
	"  --old-master FILE    servers, or for one of them: its session begins with\n"
	"  --new-master FILE    the name USER*NAME\n"
	"  --separator C        between the two names, in place of *\n"
	"  --old-tls MODE       none, stls or tls; without it: tls for port 995, none "
	"for\n"
	"  --new-tls MODE       a loopback address, and stls for all others\n"
	"  --roots FILE         root certificates in PEM, in place of this system's\n"
	"  --no-verify          take any certificate\n"
	"  --sample N           messages of each user to compare (3); 0: none\n"
	"  --ignore-sizes       do not compare the sizes that STAT and LIST show\n"
	"  --jobs N             users at a time (4)\n"
	"  --timeout SECONDS    how long to wait for a server (60)\n"
	"  --json               one JSON object for each user\n"
	"\n"
	"Exit status: 0 all users are the same; 1 a user differs; 75 no user differs,\n"
	"but some could not be compared.\n";

enum { JOBS_MAX = 256 };

static const char *const verdict_name[] = {
	[PAIR_SAME] = "same",
	[PAIR_DIFFERS] = "differs",
	[PAIR_NOT_COMPARED] = "not compared",
};

struct move {
	struct pair_servers servers;
	const char *roots;
	bool no_verify, json;
	uint32_t jobs, seconds;
	const char **users;
	size_t count;
	pthread_mutex_t mutex; /* for the next two, and for standard output */
	size_t next;           /* the user whose turn it is */
	uint64_t found[PAIR_VERDICTS];
};

/* ---- the report ---- */

static void show_json(const struct pair *p, enum pair_verdict v)
{
	printf("{\"user\": ");
	json_text(span_of(p->user));
	printf(", \"result\": \"%s\"", verdict_name[v]);
	if (v != PAIR_NOT_COMPARED)
		printf(", \"messages\": %" PRIu64 ", \"octets\": %" PRIu64,
		       p->old.messages, p->old.octets);
	if (v != PAIR_SAME) {
		printf(", \"text\": ");
		json_text(buf_span(&p->said));
	}
	printf("}\n");
}

static void show(const struct move *m, const struct pair *p, enum pair_verdict v)
{
	if (m->json) {
		show_json(p, v);
		return;
	}
	cli_show(stdout, span_of(p->user));
	printf(": %s", verdict_name[v]);
	if (v == PAIR_SAME)
		printf(", %" PRIu64 " messages, %" PRIu64 " octets", p->old.messages,
		       p->old.octets);
	else
		printf(": ");
	cli_show(stdout, buf_span(&p->said));
	printf("\n");
}

/* ---- all users ---- */

static const char *next_user(struct move *m)
{
	pthread_mutex_lock(&m->mutex);
	const char *user = m->next < m->count ? m->users[m->next++] : NULL;
	pthread_mutex_unlock(&m->mutex);
	return user;
}

static void *work(void *arg)
{
	struct move *m = arg;
	struct pair *p = malloc(sizeof *p);
	const char *user;

	while (p && (user = next_user(m))) {
		const enum pair_verdict v = pair_compare(p, &m->servers, user);

		pthread_mutex_lock(&m->mutex);
		m->found[v]++;
		show(m, p, v);
		fflush(stdout);
		pthread_mutex_unlock(&m->mutex);
		pair_done(p);
	}
	free(p);
	return NULL;
}

static bool compare_all(struct move *m)
{
	pthread_t threads[JOBS_MAX];
	size_t count = 0;

	pthread_mutex_init(&m->mutex, NULL);
	while (count < m->jobs && count < m->count &&
	       pthread_create(&threads[count], NULL, work, m) == 0)
		count++;
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&m->mutex);
	if (m->next == m->count)
		return true;
	cli_say("out of memory, or of threads", NULL);
	return false;
}

static int status_of(const struct move *m)
{
	const uint64_t all = m->found[PAIR_SAME] + m->found[PAIR_DIFFERS] +
			     m->found[PAIR_NOT_COMPARED];

	if (!m->json)
		fprintf(stderr,
			"poplar: %" PRIu64 " users: %" PRIu64 " the same, %" PRIu64
			" differ, %" PRIu64 " not compared\n",
			all, m->found[PAIR_SAME], m->found[PAIR_DIFFERS],
			m->found[PAIR_NOT_COMPARED]);
	if (m->found[PAIR_DIFFERS] > 0)
		return CLI_BAD;
	return m->found[PAIR_NOT_COMPARED] > 0 ? CLI_TEMPORARY : CLI_OK;
}

/* ---- the command line ---- */

enum { FOR_OLD = 1, FOR_NEW = 2 };

struct words {
	const char *server[2], *tls[2], *passwords[2], *master[2];
	const char *separator;
};

/* Keep the argument for the servers of the mask. */
static void keep(const char *out[2], unsigned mask)
{
	for (unsigned i = 0; i < 2; i++)
		if (mask & (1U << i))
			out[i] = optarg;
}

static bool number(uint32_t least, uint32_t most, uint32_t *out)
{
	return span_u32(span_of(optarg), out) && *out >= least && *out <= most;
}

/* An option is a letter, in capitals for the new server alone. */
static bool take_option(struct move *m, struct words *w, int option)
{
	switch (option) {
	case 'o':
		return keep(w->server, FOR_OLD), true;
	case 'n':
		return keep(w->server, FOR_NEW), true;
	case 't':
		return keep(w->tls, FOR_OLD), true;
	case 'T':
		return keep(w->tls, FOR_NEW), true;
	case 'b':
		return keep(w->passwords, FOR_OLD | FOR_NEW), true;
	case 'p':
		return keep(w->passwords, FOR_OLD), true;
	case 'P':
		return keep(w->passwords, FOR_NEW), true;
	case 'a':
		return keep(w->master, FOR_OLD | FOR_NEW), true;
	case 'm':
		return keep(w->master, FOR_OLD), true;
	case 'M':
		return keep(w->master, FOR_NEW), true;
	case 'r':
		m->roots = optarg;
		return true;
	case 'c':
		w->separator = optarg;
		return strlen(optarg) == 1 && *optarg > ' ';
	case 's':
		return number(0, UINT32_MAX, &m->servers.sample);
	case 'j':
		return number(1, JOBS_MAX, &m->jobs);
	case 'd':
		return number(1, 86400, &m->seconds);
	}
	return option == 0; /* a flag */
}

static bool parse(struct move *m, struct words *w, int argc, char **argv)
{
	int no_verify = 0, ignore_sizes = 0, json = 0, option;
	const struct option options[] = {
		{ "old", required_argument, NULL, 'o' },
		{ "new", required_argument, NULL, 'n' },
		{ "old-tls", required_argument, NULL, 't' },
		{ "new-tls", required_argument, NULL, 'T' },
		{ "passwords", required_argument, NULL, 'b' },
		{ "old-passwords", required_argument, NULL, 'p' },
		{ "new-passwords", required_argument, NULL, 'P' },
		{ "master", required_argument, NULL, 'a' },
		{ "old-master", required_argument, NULL, 'm' },
		{ "new-master", required_argument, NULL, 'M' },
		{ "separator", required_argument, NULL, 'c' },
		{ "roots", required_argument, NULL, 'r' },
		{ "sample", required_argument, NULL, 's' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 'd' },
		{ "no-verify", no_argument, &no_verify, 1 },
		{ "ignore-sizes", no_argument, &ignore_sizes, 1 },
		{ "json", no_argument, &json, 1 },
		{ 0 },
	};

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (!take_option(m, w, option))
			return false;
	m->no_verify = no_verify;
	m->servers.sizes = !ignore_sizes;
	m->json = json;
	return w->server[0] && w->server[1];
}

static bool set_up_side(const struct move *m, struct move_side *side,
			const struct words *w, unsigned i)
{
	side->separator = *w->separator;
	side->server.seconds = m->seconds;
	if (!side_parse(side, w->server[i], w->tls[i]))
		return false;
	if (w->passwords[i] && !side_read(&side->passwords, w->passwords[i]))
		return false;
	if (w->master[i] && !side_read(&side->master, w->master[i]))
		return false;
	if (w->master[i] && side->master.count != 1) {
		cli_say("this file must have one line NAME:PASSWORD", w->master[i]);
		return false;
	}
	if (w->master[i] || w->passwords[i])
		return true;
	cli_say("neither passwords nor a master user are given for this server",
		side->option);
	return false;
}

/* The names of the command line, or those of the passwords. */
static bool find_users(struct move *m, int count, char **names)
{
	const struct side_secrets *from = m->servers.old.passwords.count > 0
						  ? &m->servers.old.passwords
						  : &m->servers.new.passwords;

	m->count = count > 0 ? (size_t)count : from->count;
	m->users = reallocarray(NULL, m->count + 1, sizeof *m->users);
	if (!m->users)
		return false;
	for (size_t i = 0; i < m->count; i++)
		m->users[i] = count > 0 ? names[i] : from->at[i].name;
	if (m->count > 0)
		return true;
	cli_say("no user is named", NULL);
	return false;
}

/* Only a server that speaks TLS needs settings for it. */
static bool set_up_tls(struct move *m, SSL_CTX **out)
{
	const char *why;

	*out = NULL;
	if (m->servers.old.server.tls == POP_CLEAR &&
	    m->servers.new.server.tls == POP_CLEAR)
		return true;
	*out = outbound_new(m->roots, !m->no_verify, &why);
	if (!*out)
		fprintf(stderr, "poplar: cannot use the root certificates%s%s: %s\n",
			m->roots ? " in " : "", m->roots ? m->roots : "", why);
	m->servers.old.server.trust = m->servers.new.server.trust = *out;
	return *out != NULL;
}

static int run(struct move *m, const struct words *w, int count, char **names)
{
	SSL_CTX *tls = NULL;
	const bool ready = set_up_side(m, &m->servers.old, w, 0) &&
			   set_up_side(m, &m->servers.new, w, 1) &&
			   find_users(m, count, names) && set_up_tls(m, &tls) &&
			   sodium_init() >= 0;
	int status = ready ? CLI_OK : CLI_USAGE;

	if (ready)
		status = compare_all(m) ? status_of(m) : CLI_TEMPORARY;
	outbound_free(tls);
	side_secrets_done(&m->servers.old.passwords);
	side_secrets_done(&m->servers.old.master);
	side_secrets_done(&m->servers.new.passwords);
	side_secrets_done(&m->servers.new.master);
	free(m->users);
	return status;
}

int cli_verify_move(const char *config, int argc, char **argv)
{
	struct move m = { .servers = { .old = { .option = "--old" },
				       .new = { .option = "--new" },
				       .sample = 3 },
			  .jobs = 4,
			  .seconds = 60 };
	struct words w = { .separator = "*" };

	(void)config; /* neither server need be this one */
	if (cli_wants_help(argc, argv)) {
		fputs(help, stdout);
		return CLI_OK;
	}
	if (!parse(&m, &w, argc, argv)) {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	return run(&m, &w, argc - optind, argv + optind);
}
