/* cli/popclient.h - a client of POP3 servers.
 *
 * Prefix: pop_. RFC 1939, RFC 2595. Calls block, up to the server's time limit. A call
 * that fails returns false, and leaves a sentence about it in pop->said; the only call
 * that may follow is pop_close.
 */
#pragma once

#include <openssl/types.h>

#include "base/buf.h"
#include "net/line.h"

enum pop_tls {
	POP_CLEAR, /* without TLS */
	POP_STLS,  /* TLS begins with the command STLS, before the login */
	POP_TLS,   /* TLS begins with the connection (RFC 8314) */
};

struct pop_server {
	const char *host, *port; /* a name or an address; a number */
	enum pop_tls tls;
	SSL_CTX *trust;   /* from outbound_new; NULL: none, and tls is POP_CLEAR */
	unsigned seconds; /* how long to wait for the server; 0: for ever */
};

enum { POP_SAID_MAX = 600, POP_LINE_MAX = 1024 };

struct pop {
	int fd;
	SSL *ssl; /* NULL: in the clear */
	struct line_reader lines;
	char line[POP_LINE_MAX]; /* the memory of `lines` */
	char in[16384];
	struct span unread;      /* of `in` */
	char said[POP_SAID_MAX]; /* the text of the last reply, or the trouble */
};

/* Connect, and read the greeting, in TLS as the server demands. The caller passes *pop
 * to pop_close in any case. */
MUST_USE bool pop_open(struct pop *pop, const struct pop_server *server);

/* The same on a socket that is connected already, which pop_close closes. */
MUST_USE bool pop_open_on(struct pop *pop, const struct pop_server *server, int fd);

/* Log in by USER and PASS. */
MUST_USE bool pop_login(struct pop *pop, const char *user, const char *password);

/* Send one command, without its CRLF, and read the first line of the reply, whose text
 * behind "+OK" becomes pop->said. False also for a reply other than "+OK". */
MUST_USE bool pop_ask(struct pop *pop, const char *command);

/* Takes a part of a reply: `part` is valid during the call. */
typedef void pop_take_fn(void *arg, struct span part);

/* Read the further lines of the reply to LIST or UIDL, and hand each to `take`, without
 * its line end. */
MUST_USE bool pop_lines(struct pop *pop, pop_take_fn *take, void *arg);

/* Read a message, as the further lines of the reply to RETR or TOP, and hand its octets
 * to `take`, piece by piece: without the dots that stuff lines, and without the line
 * that ends the reply. The message and its lines may have any length. */
MUST_USE bool pop_message(struct pop *pop, pop_take_fn *take, void *arg);

/* Close the connection, without QUIT: so the server enters no UPDATE state (RFC 1939
 * section 6), and keeps all messages as they are. */
void pop_close(struct pop *pop);
