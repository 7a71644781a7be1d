/* parent/renewal.c - reads the files of TLS again when they change.
 *
 * Prefix: renewal_.
 */
#include "parent/renewal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "parent/brief.h"
#include "sys/clock.h"

enum { SETTLE_MS = 500, REVIEW_MS = 24 * 3600 * 1000 };

/* ---- the log ---- */

static void say(void *arg, const struct certificate_notice *n)
{
	const struct settings *s = arg;
	const struct log_field file = LOG_T("file", n->path);

	switch (n->news) {
	case CERTIFICATE_REFUSED:
		log_fault(n->why, "certificate-refused",
			  LOG_T("setting", settings_name(n->setting)),
			  LOG_N("line", (uint64_t)s->lines[n->setting]));
		break;
	case CERTIFICATE_EXPIRED:
		log_event(LOG_ERR, "certificate-expired", file);
		break;
	case CERTIFICATE_EXPIRES:
		log_event(LOG_WARNING, "certificate-expires", file,
			  LOG_N("days", (uint64_t)n->days));
		break;
	case CERTIFICATE_NO_STAPLE:
		log_event(LOG_WARNING, "staple-unusable", file,
			  LOG_T("what", n->why->what));
		break;
	case CERTIFICATE_ALONE:
		log_event(LOG_WARNING, "certificate-chain-incomplete", file,
			  LOG_T("what", CERTIFICATE_ALONE_TEXT));
		break;
	}
}

/* ---- what to watch ---- */

/* If the directory does not exist (yet), watch the one above it, where it would
 * appear. */
static void watch(int fd, char *dir)
{
	const uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
				 IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVE_SELF |
				 IN_DELETE_SELF | IN_ONLYDIR;
	char *slash;
	struct why why;

	while (inotify_add_watch(fd, *dir ? dir : "/", changes) < 0) {
		slash = strrchr(dir, '/');
		if (!slash || (errno != ENOENT && errno != ENOTDIR)) {
			fault_set(&why, FAULT_IO, errno, "watch", dir);
			log_fault(&why, "watch-failed");
			return;
		}
		*slash = '\0';
	}
}

/* A change in these directories can make the path name another file: the one that holds
 * its last component, each that holds a symbolic link on the way, and the one that
 * holds the file itself. */
static void watch_path(int fd, const char *path)
{
	char prefix[PATH_MAX], link[1];
	char *real = realpath(path, NULL);

	for (const char *slash = path; *path && (slash = strchr(slash + 1, '/'));) {
		int len = (int)(slash - path);

		snprintf(prefix, sizeof prefix, "%.*s", len, path);
		if (readlink(prefix, link, sizeof link) < 0)
			continue;
		*strrchr(prefix, '/') = '\0';
		watch(fd, prefix);
	}
	for (const char *at = path; at && *at; at = at == real ? NULL : real) {
		snprintf(prefix, sizeof prefix, "%s", at);
		*strrchr(prefix, '/') = '\0';
		watch(fd, prefix);
	}
	free(real);
}

static void watch_list(int fd, const struct text_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		watch_path(fd, list->at[i]);
}

void renewal_watch(struct parent *p)
{
	own_fd_close(&p->watch);
	p->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (p->watch < 0) {
		log_event(LOG_ERR, "watch-failed",
			  LOG_T("error", strerrordesc_np(errno)));
		return;
	}
	for (const struct generation *g = p->generations; g; g = g->next) {
		if (g->draining)
			continue;
		watch_list(p->watch, &g->settings.tls_certificate);
		watch_list(p->watch, &g->settings.tls_key);
		watch_list(p->watch, &g->settings.tls_ocsp);
		watch_path(p->watch, g->settings.tls_client_ca);
		watch_path(p->watch, g->settings.tls_client_crl);
	}
}

/* ---- reading ---- */

bool renewal_begin(struct parent *p, struct generation *g)
{
	bool changed;

	if (!certificates_read(&g->settings, NULL, &g->certificates, &changed, say,
			       &g->settings))
		return false;
	p->review_at = clock_ms();
	return true;
}

static void renew(const struct parent *p, struct generation *g)
{
	struct certificates fresh;
	bool changed;

	if (!certificates_read(&g->settings, &g->certificates, &fresh, &changed, say,
			       &g->settings)) {
		memcpy(g->certificates.refused, fresh.refused, sizeof fresh.refused);
		return;
	}
	certificates_done(&g->certificates);
	g->certificates = fresh;
	secret_wipe(&fresh, sizeof fresh);
	if (!changed)
		return;
	log_event(LOG_NOTICE, "certificates-renewed", LOG_N("generation", g->number));
	for (const struct worker *k = g->workers; k; k = k->next)
		if (worker_listens(k))
			tell_tls(p, k);
}

void renewal_heard(struct parent *p)
{
	char events[4096];

	while (read(p->watch, events, sizeof events) > 0)
		;
	if (p->renew_at == 0)
		p->renew_at = clock_ms() + SETTLE_MS;
}

/* The watches are renewed before the files are read: symbolic links may have changed,
 * and a change during the reading must be noticed. */
static void renew_all(struct parent *p)
{
	p->renew_at = 0;
	renewal_watch(p);
	for (struct generation *g = p->generations; g; g = g->next)
		if (!g->draining)
			renew(p, g);
}

/* Log what expires. The next review is in a day, or when the next staple goes stale. */
static void review(struct parent *p, uint64_t now)
{
	p->review_at = now + REVIEW_MS;
	for (struct generation *g = p->generations; g; g = g->next) {
		if (g->draining)
			continue;
		int64_t stale_at = certificates_review(&g->settings, &g->certificates,
						       say, &g->settings);
		int64_t ms = (stale_at - time(NULL)) * 1000;
		if (stale_at > 0 && now + (uint64_t)ms < p->review_at)
			p->review_at = now + (uint64_t)ms;
	}
}

void renewal_do_due(struct parent *p, uint64_t now)
{
	if (p->stopping)
		return;
	if (now >= p->review_at) {
		review(p, now);
		renew_all(p);
	} else if (p->renew_at > 0 && now >= p->renew_at) {
		renew_all(p);
	}
}

uint64_t renewal_next_due(const struct parent *p)
{
	if (p->stopping)
		return UINT64_MAX;
	return p->renew_at > 0 && p->renew_at < p->review_at ? p->renew_at
							     : p->review_at;
}
