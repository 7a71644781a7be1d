/* parent/brief.c - sends a child everything that poplard has for it.
 *
 * Prefix: tell_.
 */
#include "parent/brief.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "parent/ports.h"
#include "sys/file.h"

/* The longest time that a thread of poplar-auth waits to send a message to a process
 * that does not read its messages. */
enum { SEND_TIMEOUT_MS = 10000 };

void tell(const struct worker *k, const struct message *m, int pass)
{
	if (k->channel.fd >= 0)
		fault_ignore(channel_send(k->channel.fd, m, pass, CHANNEL_NOW));
}

void tell_kind(const struct worker *k, enum message_kind kind)
{
	tell(k, &(struct message){ .kind = kind }, -1);
}

void tell_role(const struct generation *g, enum role role, const struct message *m)
{
	for (const struct worker *k = g->workers; k; k = k->next)
		if (k->role == role)
			tell(k, m, -1);
}

/* ---- settings ---- */

static void tell_settings(const struct worker *k)
{
	struct settings values = k->generation->settings; /* borrows what it holds */
	char room[ROWS_PACKED_MAX];
	struct buf packed = BUF(room);

	if (k->standard)
		values.drop_idle = 0; /* it does not end when idle */
	settings_pack(&values, k->role, &packed);
	tell(k,
	     &(struct message){ .kind = MESSAGE_SETTINGS,
				.SETTINGS = { buf_span(&packed) } },
	     -1);
}

static void tell_database(const struct worker *k, const struct database_settings *db)
{
	char room[ROWS_PACKED_MAX];
	struct buf packed = BUF(room);

	rows_pack(database_rows(), db, k->role, &packed);
	tell(k,
	     &(struct message){ .kind = MESSAGE_DATABASE,
				.DATABASE = { span_of(db->name), buf_span(&packed) } },
	     -1);
}

static void tell_board(const struct worker *auth, const struct board_settings *board)
{
	char room[ROWS_PACKED_MAX];
	struct buf packed = BUF(room);

	rows_pack(board_rows(), board, ROLE_AUTH, &packed);
	tell(auth,
	     &(struct message){ .kind = MESSAGE_BOARD,
				.BOARD = { span_of(board->name), buf_span(&packed) } },
	     -1);
}

/* ---- fronts and poplar-lmtp ---- */

void tell_ticket_keys(const struct parent *p, const struct worker *k)
{
	const struct message m = {
		.kind = MESSAGE_TICKET_KEYS,
		.TICKET_KEYS = { { p->keys[0], sizeof p->keys[0] },
				 { p->keys[1],
				   p->has_before ? sizeof p->keys[1] : 0 } },
	};

	tell(k, &m, -1);
}

/* poplard sends contents, not paths: the files may have changed since poplard read and
 * checked them. */
void tell_tls(const struct parent *p, const struct worker *k)
{
	struct tls_files files;
	char *packed = NULL;
	size_t len = 0;
	OWN_FD fd = -1;

	certificates_files(&k->generation->certificates, &files);
	if (tls_files_pack(&files, &packed, &len) == FAULT_NONE)
		fd = file_sealed("tls", (struct span){ packed, len });
	if (fd >= 0)
		tell(k, &(struct message){ .kind = MESSAGE_TLS_FILES }, fd);
	else
		log_event(LOG_ERR, "certificates-not-sent",
			  LOG_N("pid", (uint64_t)k->pid),
			  LOG_T("what", "out of memory or descriptors: this process "
					"keeps the certificates that it has"));
	secret_wipe(packed, len);
	free(packed);
	tell_ticket_keys(p, k);
}

void tell_ports(const struct parent *p, const struct worker *k)
{
	for (const struct port *port = p->ports; port; port = port->next) {
		const bool tls = port->list == SETTING_ID_listen_tls;
		const struct message m = { .kind = MESSAGE_LISTENER,
					   .LISTENER = { tls } };

		if (ports_are_for(k->role, port) && ports_wants(k->generation, port))
			tell(k, &m, port->fd);
	}
}

/* A process gets the ports only when its generation is ready: a generation that is
 * given up before would break the connections that its processes had accepted. */
static void tell_listener(const struct parent *p, const struct worker *k)
{
	const struct message connlimit = { .kind = MESSAGE_CONNLIMIT,
					   .CONNLIMIT = { (uint64_t)k->column } };

	if (k->column >= 0)
		tell(k, &connlimit, p->connlimit_fd);
	if (k->generation->ready)
		tell_ports(p, k);
	if (k->generation->certificates.count > 0)
		tell_tls(p, k);
}

/* ---- the others ---- */

static void tell_directory(const struct worker *k, int dir)
{
	tell(k, &(struct message){ .kind = MESSAGE_DIRECTORY }, dir);
}

static void tell_auth(const struct worker *k)
{
	const struct settings *s = &k->generation->settings;

	tell_directory(k, k->generation->users_dir);
	for (unsigned i = 0; i < s->databases.count; i++)
		tell_database(k, &s->databases.at[i]);
	for (unsigned i = 0; i < s->boards.count; i++)
		tell_board(k, &s->boards.at[i]);
}

static void tell_password(const struct worker *k, const struct database_settings *db)
{
	OWN_FD fd = open(db->password_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct why why;

	if (fd >= 0) {
		tell(k, &(struct message){ .kind = MESSAGE_SECRET }, fd);
		return;
	}
	fault_set(&why, FAULT_SETUP, errno, "open", db->password_file);
	log_fault(&why, "configuration", LOG_T("database", db->name));
}

static void tell_lookup(const struct worker *k)
{
	const struct generation *g = k->generation;
	const struct database_settings *db = &g->settings.databases.at[k->database];

	tell_database(k, db);
	if (g->lookup_dirs[k->database] >= 0)
		tell_directory(k, g->lookup_dirs[k->database]);
	if (*db->password_file)
		tell_password(k, db);
}

/* ---- channels between children ---- */

/* The message with which poplar-auth gets its end of a channel to the worker. */
static struct message link_message(const struct worker *k)
{
	if (k->role == ROLE_DROP)
		return (struct message){ .kind = MESSAGE_DROP_LINK,
					 .DROP_LINK = { k->ids.uid, k->ids.gid,
							k->standard } };
	if (k->role == ROLE_LOOKUP)
		return (struct message){ .kind = MESSAGE_LOOKUP_LINK,
					 .LOOKUP_LINK = { k->database, k->number } };
	if (k->role == ROLE_LMTP)
		return (struct message){ .kind = MESSAGE_LMTP_LINK,
					 .LMTP_LINK = { k->number } };
	return (struct message){ .kind = MESSAGE_FRONT_LINK,
				 .FRONT_LINK = { k->number } };
}

void tell_link(const struct worker *k, const struct worker *auth)
{
	const struct databases *all = &k->generation->settings.databases;
	const struct message m = link_message(k);
	struct why why;
	int pair[2];

	if (channel_pair(pair, &why)) {
		log_fault(&why, "link-failed");
		return;
	}
	OWN_FD ours = pair[0];
	OWN_FD theirs = pair[1];
	channel_send_timeout(ours, SEND_TIMEOUT_MS);
	if (k->role == ROLE_LOOKUP)
		channel_receive_timeout(ours, all->at[k->database].timeout);
	tell(auth, &m, ours);
	tell(k, &(struct message){ .kind = MESSAGE_AUTH_LINK }, theirs);
}

/* Link the process with poplar-auth or, if it is poplar-auth, with all others. A
 * maildrop process that was told to end gets no new link, so that no new session
 * reaches it. */
static void tell_links(const struct worker *k)
{
	for (const struct worker *other = k->generation->workers; other;
	     other = other->next) {
		if (other == k || other->channel.fd < 0 || other->leaving)
			continue;
		if (k->role == ROLE_AUTH && other->role != ROLE_AUTH)
			tell_link(other, k);
		else if (k->role != ROLE_AUTH && other->role == ROLE_AUTH)
			tell_link(k, other);
	}
}

void tell_all(const struct parent *p, const struct worker *k)
{
	tell_settings(k);
	if (worker_listens(k))
		tell_listener(p, k);
	if (k->role == ROLE_AUTH)
		tell_auth(k);
	if (k->role == ROLE_DROP)
		tell_directory(k, k->generation->mail_root);
	if (k->role == ROLE_LOOKUP)
		tell_lookup(k);
	tell_links(k);
	tell_kind(k, MESSAGE_GO);
}
