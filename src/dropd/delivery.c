/* dropd/delivery.c - one delivery: poplar-lmtp adds one message to one maildrop.
 *
 * Prefix: delivery_.
 */
#include "dropd/delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "dropd/hearing.h"
#include "dropd/warning.h"
#include "sys/file.h"

enum { PEER_MAX = 64 };

struct delivery {
	struct pool_fd post; /* first: a delivery is a watched descriptor */
	struct dropd *process;
	struct channel lmtp;
	struct store_quota quota;
	char peer[PEER_MAX + 1];
	const char *path; /* of the maildrop; behind `user` */
	char user[];
};

static void delivery_end(struct delivery *d)
{
	struct dropd *process = d->process;

	own_fd_close(&d->post.fd);
	free(d);
	dropd_session_less(process);
}

/* Send a message without waiting: poplar-lmtp reads each answer that it asks for, so a
 * full queue means that it is broken. False: end the delivery. */
static bool say(const struct delivery *d, const struct message *m)
{
	return channel_send(d->post.fd, m, -1, CHANNEL_NOW) == FAULT_NONE;
}

static bool say_failed(const struct delivery *d, const struct why *why)
{
	const struct message m = { .kind = MESSAGE_FAILED, .FAILED = { why->fault } };

	log_fault(why, "not-stored", LOG_T("user", d->user), LOG_T("peer", d->peer));
	return say(d, &m);
}

/* ---- the file of the message ---- */

/* Is the file on the file system on which this maildrop would have its spool? Neither
 * call asks the file's own file system for anything. */
static bool is_like_spool(const struct delivery *d, int file)
{
	const struct store_opening o = dropd_opening(d->process, d->path);
	OWN_FD spool = -1;
	struct statx stx;
	struct stat st;

	if (statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &stx) < 0)
		return false;
	fault_ignore(store_spool(&o, &spool, NULL));
	return spool >= 0 && fstat(spool, &st) == 0 &&
	       st.st_dev == makedev(stx.stx_dev_major, stx.stx_dev_minor);
}

/* Is the file one that can be read without waiting for anybody else: in memory, on a
 * file system that reads without waiting, or a spool? A captured poplar-lmtp could send
 * one on a FUSE mount of an accomplice, who never answers. */
static bool is_ready(const struct delivery *d, int file)
{
	char octet;
	struct iovec iov = { &octet, 1 };

	if (file_is_memory(file) || preadv2(file, &iov, 1, 0, RWF_NOWAIT) >= 0 ||
	    errno == EAGAIN)
		return true;
	return errno == EOPNOTSUPP && is_like_spool(d, file);
}

static bool is_message(const struct delivery *d, int file, uint64_t octets)
{
	struct stat st;

	return is_ready(d, file) && fstat(file, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == octets;
}

/* ---- messages of poplar-lmtp ---- */

static bool is_wanted(void *arg)
{
	const struct delivery *d = arg;

	return !channel_is_closed(d->post.fd);
}

static bool answer_spool(struct delivery *d)
{
	const struct store_opening o = dropd_opening(d->process, d->path);
	OWN_FD spool = -1;
	struct why why = { 0 };
	const enum fault f = store_spool(&o, &spool, &why);
	const struct message m = { .kind = MESSAGE_SPOOL_IS, .SPOOL_IS = { f } };

	if (f)
		log_fault(&why, "spool-failed", LOG_T("user", d->user));
	return channel_send_files(d->post.fd, &m, &spool, f ? 0 : 1, CHANNEL_NOW) ==
	       FAULT_NONE;
}

/* Store the message, and answer. This is the last message of the delivery, whether it
 * succeeds or not. */
static void answer_deliver(struct delivery *d, int file, uint64_t octets)
{
	const struct message delivered = { .kind = MESSAGE_DELIVERED };
	const struct store_opening o = dropd_opening(d->process, d->path);
	const struct store_message m = { file, octets, is_wanted, d };
	struct store_delivered out;
	struct why why = { 0 };

	if (!is_message(d, file, octets)) {
		hearing_illegal(d->user, "DELIVER",
				"not a file of this length that is ready");
		return;
	}
	if (store_deliver(&o, &m, &d->quota, &out, &why)) {
		say_failed(d, &why);
		return;
	}
	say(d, &delivered);
	if (out.has_new_home)
		log_event(LOG_NOTICE, "home-made", LOG_T("user", d->user),
			  LOG_T("maildrop", d->path));
	log_event(LOG_INFO, "stored", LOG_T("user", d->user), LOG_T("peer", d->peer),
		  LOG_N("octets", out.octets), LOG_T("name", out.name));
	warning_give(&d->process->warning,
		     &d->process->threaded.child.settings.quota_warn, &o,
		     &(struct warning_cause){ d->user, &d->quota, &out });
}

static bool on_spool(void *arg, const struct message *m, struct channel_files *none)
{
	(void)m, (void)none;
	return answer_spool(arg);
}

static bool on_deliver(void *arg, const struct message *m, struct channel_files *files)
{
	OWN_FD file = files->at[0];

	answer_deliver(arg, file, m->DELIVER.octets);
	return false;
}

#define HEARS_LMTP(X)                                                                  \
	X(SPOOL, on_spool)                                                             \
	X(DELIVER, on_deliver)
DISPATCH(from_lmtp, LMTP, DROP, HEARS_LMTP);

static void on_delivery(struct pool *pool, struct pool_fd *post)
{
	struct delivery *d = (struct delivery *)post;

	if (hearing_one(&d->lmtp, &from_lmtp, d, d->user))
		pool_again(pool, post);
	else
		delivery_end(d);
}

/* ---- the beginning ---- */

/* Answer ACCEPTS or FAILED. False: the delivery is over. */
static bool answer_grant(struct delivery *d, uint64_t octets)
{
	const struct message accepts = { .kind = MESSAGE_ACCEPTS };
	const struct store_opening o = dropd_opening(d->process, d->path);
	struct why why = { 0 };

	if (store_accepts(&o, &d->quota, octets, &why) == FAULT_NONE)
		return say(d, &accepts);
	say_failed(d, &why);
	return false;
}

/* NULL: no memory, or a name is too long. */
static struct delivery *delivery_new(struct dropd *process,
				     const struct message_GRANT_DELIVERY *m, int fd)
{
	const size_t user_room = m->user.len + 1, path_room = m->path.len + 1;
	struct delivery *d = calloc(1, sizeof *d + user_room + path_room);
	char *path = d ? d->user + user_room : NULL;

	if (!d || !span_copy(m->user, d->user, user_room) ||
	    !span_copy(m->path, path, path_room) ||
	    !span_copy(m->peer, d->peer, sizeof d->peer)) {
		free(d);
		return NULL;
	}
	d->post = (struct pool_fd){ fd, on_delivery };
	d->process = process;
	d->lmtp = channel_of(fd, ROLE_LMTP, ROLE_DROP);
	d->quota = (struct store_quota){ m->quota_octets, m->quota_messages,
					 m->grace_octets };
	d->path = path;
	return d;
}

void dropd_delivery_begin(struct dropd *process, const struct message *m, int fd)
{
	struct delivery *d = delivery_new(process, &m->GRANT_DELIVERY, fd);

	if (!d) {
		close(fd);
		return;
	}
	dropd_session_more(process);
	if (!answer_grant(d, m->GRANT_DELIVERY.octets) ||
	    !pool_watch(process->threaded.pool, &d->post))
		delivery_end(d);
}
