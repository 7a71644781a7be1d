/* cli/moveside.c - one of the two servers of poplar verify-move, and how to log in
 * there.
 *
 * Prefix: side_.
 */
#include "cli/moveside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "sys/file.h"

enum { SECRETS_OCTETS_MAX = 1 << 30 };

/* ---- the server ---- */

static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 ? IN6_IS_ADDR_LOOPBACK(&v6)
						   : strcmp(host, "localhost") == 0;
}

/* An address of IPv6 without brackets has several colons, and no port. */
static bool split(struct span server, struct span *out_host, struct span *out_port)
{
	struct span rest = server;

	*out_port = (struct span){ 0 };
	if (server.len > 0 && server.at[0] == '[') {
		rest = span_after(server, 1);
		const bool closed = span_cut(&rest, ']', out_host);
		if (closed && rest.len == 0)
			return true;
		*out_port = rest.len > 0 ? span_after(rest, 1) : rest;
		return closed && rest.at[0] == ':' && out_port->len > 0;
	}
	const bool has_port = span_cut(&rest, ':', out_host);
	if (has_port && memchr(rest.at, ':', rest.len)) {
		*out_host = server;
		return true;
	}
	*out_port = rest;
	return !has_port || rest.len > 0;
}

static bool parse_tls(const char *tls, struct move_side *side)
{
	static const char *const names[] = {
		[POP_CLEAR] = "none",
		[POP_STLS] = "stls",
		[POP_TLS] = "tls",
	};

	for (enum pop_tls i = POP_CLEAR; i <= POP_TLS; i++)
		if (strcmp(tls, names[i]) == 0) {
			side->server.tls = i;
			return true;
		}
	return false;
}

static const char *usual_tls(const struct move_side *side)
{
	if (strcmp(side->port, "995") == 0)
		return "tls";
	return is_loopback(side->host) ? "none" : "stls";
}

static bool reject(const struct move_side *side, const char *text, const char *about)
{
	fprintf(stderr, "poplar: %s: %s: %s\n", side->option, text, about);
	return false;
}

bool side_parse(struct move_side *side, const char *server, const char *tls)
{
	struct span host, port;
	uint32_t number;

	if (!split(span_of(server), &host, &port) || host.len == 0 ||
	    !span_copy(host, side->host, sizeof side->host))
		return reject(side, "this is no HOST, HOST:PORT or [ADDRESS]:PORT",
			      server);
	if (port.len == 0)
		port = tls && strcmp(tls, "tls") == 0 ? SPAN("995") : SPAN("110");
	if (!span_u32(port, &number) || number == 0 || number > 65535 ||
	    !span_copy(port, side->port, sizeof side->port))
		return reject(side, "the port is no number from 1 to 65535", server);
	if (!parse_tls(tls ? tls : usual_tls(side), side))
		return reject(side, "TLS may be none, stls or tls", tls);
	side->server.host = side->host;
	side->server.port = side->port;
	return true;
}

/* ---- names and passwords ---- */

static int by_name(const void *a, const void *b)
{
	const struct side_secret *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Is the line, of which each half ends with a NUL, one that a session can say? */
static bool is_good(const struct side_secret *s)
{
	return *s->name && !strpbrk(s->name, "\r\n") && !strchr(s->password, '\r');
}

static bool add(struct side_secrets *secrets, size_t *io_room, char *line)
{
	char *colon = strchr(line, ':');

	if (secrets->count == *io_room) {
		*io_room = 2 * *io_room + 64;
		struct side_secret *more =
			reallocarray(secrets->at, *io_room, sizeof *more);

		if (!more)
			return false;
		secrets->at = more;
	}
	if (!colon)
		return false;
	*colon = '\0';
	secrets->at[secrets->count] = (struct side_secret){ line, colon + 1 };
	return is_good(&secrets->at[secrets->count++]);
}

/* Sort the lines; a name that stands twice has no certain password. */
static bool sort(struct side_secrets *secrets)
{
	if (secrets->count > 0)
		qsort(secrets->at, secrets->count, sizeof *secrets->at, by_name);
	for (size_t i = 1; i < secrets->count; i++)
		if (strcmp(secrets->at[i - 1].name, secrets->at[i].name) == 0) {
			cli_say("the file names this user twice", secrets->at[i].name);
			return false;
		}
	return true;
}

static bool parse_secrets(struct side_secrets *secrets, const char *path)
{
	char *rest = secrets->text, *line;
	unsigned number = 0;
	size_t room = 0;

	while ((line = strsep(&rest, "\n"))) {
		number++;
		if (*line == '\0' || *line == '#')
			continue;
		if (add(secrets, &room, line))
			continue;
		fprintf(stderr, "poplar: %s:%u: this is no line NAME:PASSWORD\n", path,
			number);
		return false;
	}
	return sort(secrets);
}

bool side_read(struct side_secrets *secrets, const char *path)
{
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	struct why why = { 0 };
	struct stat st;
	size_t len;

	if (fd < 0 || fstat(fd, &st) < 0) {
		cli_say(strerrordesc_np(errno), path);
		return false;
	}
	if (S_ISREG(st.st_mode) && (st.st_mode & S_IROTH)) {
		cli_say("everybody may read the passwords in this file", path);
		return false;
	}
	if (file_read_all(fd, SECRETS_OCTETS_MAX, &secrets->text, &len, path, &why)) {
		cli_complain(&why);
		return false;
	}
	if (memchr(secrets->text, '\0', len)) {
		cli_say("this is no text: it has a NUL", path);
		return false;
	}
	return parse_secrets(secrets, path);
}

void side_secrets_done(struct side_secrets *secrets)
{
	free(secrets->text);
	free(secrets->at);
	*secrets = (struct side_secrets){ 0 };
}

static const char *password_of(const struct side_secrets *secrets, const char *user)
{
	const struct side_secret key = { user, NULL };
	const struct side_secret *found =
		secrets->count > 0 ? bsearch(&key, secrets->at, secrets->count,
					     sizeof key, by_name)
				   : NULL;

	return found ? found->password : NULL;
}

static bool refuse(struct pop *pop, const char *text)
{
	snprintf(pop->said, sizeof pop->said, "%s", text);
	return false;
}

bool side_login(const struct move_side *side, struct pop *pop, const char *user)
{
	char name[SIDE_LOGIN_MAX];

	if (side->master.count == 0) {
		const char *password = password_of(&side->passwords, user);

		return password ? pop_login(pop, user, password)
				: refuse(pop, "no password is known for this user");
	}
	const struct side_secret *master = &side->master.at[0];
	const int len = snprintf(name, sizeof name, "%s%c%s", user, side->separator,
				 master->name);
	return len > 0 && (size_t)len < sizeof name
		       ? pop_login(pop, name, master->password)
		       : refuse(pop, "the name is too long");
}
