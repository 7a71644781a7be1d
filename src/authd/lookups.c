/* authd/lookups.c - databases that poplar-auth asks through poplar-lookup.
 *
 * Prefix: lookups_. A process that does not answer in time, or dies of
 * a question, costs one login [SYS/TEMP] and is replaced; nothing that happens in it
 * can reach poplar-auth but one message of bounded size.
 */
#include "authd/lookups.h"

#include <stdlib.h>

#include "auth/sasl/bearer.h"
#include "auth/user/scheme.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "ipc/channel.h"
#include "sys/clock.h"

enum { FIELDS_MAX = 8192, STORED_MAX = 512 };

struct channel_to {
	struct channel_to *next;
	uint64_t number;
	int fd;
};

struct lookup {
	struct database database; /* first: a lookup is a database */
	struct lookups *all;
	uint32_t timeout; /* ms */
	size_t longest;   /* password, or token */
	struct channel_to *free;
	/* What somebody has stored, so that a name that is not known takes as long. */
	char decoy[STORED_MAX];
	size_t decoy_len;
};

/* What a user's spans point to. */
struct answer {
	size_t len;
	char octets[FIELDS_MAX + 256 + STORED_MAX];
};

struct question {
	struct span name, password, peer;
	bool judge;
};

void lookups_init(struct lookups *lookups, int parent)
{
	pthread_condattr_t attr;

	*lookups = (struct lookups){ .parent = parent, .patient = 1 };
	pthread_mutex_init(&lookups->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&lookups->changed, &attr);
	pthread_condattr_destroy(&attr);
}

/* ---- channels ---- */

static void channel_free(struct channel_to *c)
{
	if (!c)
		return;
	own_fd_close(&c->fd);
	free(c);
}

static void give_back(struct lookup *l, struct channel_to *c)
{
	pthread_mutex_lock(&l->all->mutex);
	c->next = l->free;
	l->free = c;
	pthread_cond_broadcast(&l->all->changed);
	pthread_mutex_unlock(&l->all->mutex);
}

void lookups_link(struct database *database, uint64_t number, int fd)
{
	struct channel_to *c = malloc(sizeof *c);

	if (!c) {
		own_fd_close(&fd);
		return;
	}
	*c = (struct channel_to){ NULL, number, fd };
	give_back((struct lookup *)database, c);
}

/* A process that is free, at once or as soon as one is. Those who wait leave threads
 * for the users of other databases. */
static struct channel_to *take_channel(struct lookup *l)
{
	struct lookups *all = l->all;
	const struct timespec end = clock_timespec(clock_ms() + l->timeout);
	struct channel_to *c;

	pthread_mutex_lock(&all->mutex);
	bool wait = all->waiting < all->patient;
	all->waiting += wait;
	while (!l->free && wait)
		if (pthread_cond_timedwait(&all->changed, &all->mutex, &end))
			break;
	all->waiting -= wait;
	c = l->free;
	if (c)
		l->free = c->next;
	pthread_mutex_unlock(&all->mutex);
	return c;
}

/* The process hangs, or talks nonsense, or has died: the parent sees to the next one.
 */
static void give_up(struct lookup *l, struct channel_to *c)
{
	const struct message m = { .kind = MESSAGE_LOOKUP_BROKEN,
				   .LOOKUP_BROKEN = { c->number } };

	fault_ignore(
		channel_send(l->all->parent, &m, -1, CHANNEL_NOW)); /* or it stays */
	channel_free(c);
}

/* ---- one question ---- */

static enum database_says down(const struct lookup *l, struct why *why, enum fault f,
			       const char *doing)
{
	fault_set(why, f, 0, doing, l->database.name);
	return DATABASE_DOWN;
}

/* A process that has died while nobody asked is passed over. NULL, and *why_not: none
 * is free (FAULT_LIMIT), or the question cannot be sent. */
static struct channel_to *send_question(struct lookup *l, const struct question *q,
					enum fault *why_not)
{
	const struct message m = { .kind = MESSAGE_LOOKUP_ASK,
				   .LOOKUP_ASK = { q->judge, q->peer, q->name,
						   q->password } };
	struct channel_to *c;

	while ((c = take_channel(l))) {
		enum fault f = channel_send(c->fd, &m, -1, CHANNEL_NOW);

		if (f == FAULT_NONE)
			return c;
		if (f == FAULT_UNSENDABLE) { /* the process is as good as before */
			give_back(l, c);
			*why_not = f;
			return NULL;
		}
		give_up(l, c);
	}
	*why_not = FAULT_LIMIT;
	return NULL;
}

static enum database_says hear_answer(struct lookup *l, struct channel_to *c,
				      struct channel_inbox *inbox, struct why *why)
{
	const struct channel from = channel_of(c->fd, ROLE_LOOKUP, ROLE_AUTH);
	const struct message_LOOKUP_IS *is = &inbox->message.LOOKUP_IS;

	switch (channel_receive(&from, CHANNEL_WAIT, inbox)) {
	case CHANNEL_MESSAGE:
		give_back(l, c);
		if (is->says > DATABASE_DOWN)
			return down(l, why, FAULT_PEER, "understand database");
		return (enum database_says)is->says;
	case CHANNEL_EMPTY:
		give_up(l, c);
		return down(l, why, FAULT_LIMIT, "wait for an answer of database");
	case CHANNEL_CUT:
	case CHANNEL_CLOSED:
	case CHANNEL_BROKEN:
		break;
	}
	give_up(l, c);
	return down(l, why, FAULT_PEER, "hear the process that asks database");
}

/* ---- what came back ---- */

static void release(void *owner)
{
	struct answer *a = owner;

	secret_wipe(a->octets, a->len);
	free(a);
}

static struct span keep(struct answer *a, struct span s)
{
	char *at = a->octets + a->len;

	if (s.len > sizeof a->octets - a->len)
		return (struct span){ 0 };
	memcpy(at, s.at, s.len);
	a->len += s.len;
	return (struct span){ at, s.len };
}

/* One field; false, and it has been logged, when it cannot be read. */
static bool set_field(const struct lookup *l, struct user *u, struct span name,
		      struct span value)
{
	const char *wrong = NULL;

	if (span_is(name, "password"))
		user_set_text(u, "password", value, USER_STORED_MAX, &u->stored);
	else if (span_is(name, "user"))
		user_set_text(u, "user", value, USER_NAME_MAX, &u->name);
	else
		wrong = user_set_field(u, name, value);
	if (wrong)
		log_event(LOG_WARNING, "user-refused",
			  LOG_T("database", l->database.name), LOG_S("user", u->name),
			  LOG_T("what", wrong));
	return !wrong;
}

/* "name" NUL "value" NUL, again and again. */
static bool set_fields(const struct lookup *l, struct user *u, struct span fields)
{
	bool good = true;

	while (fields.len > 0) {
		struct span name, value;

		span_cut(&fields, '\0', &name);
		span_cut(&fields, '\0', &value);
		good = set_field(l, u, name, value) && good;
	}
	return good && (u->over || u->name.len > 0);
}

static enum database_says fill(struct lookup *l, const struct question *q,
			       struct span fields, struct user_found *out,
			       struct why *why)
{
	struct answer *a = malloc(sizeof *a);

	if (!a)
		return down(l, why, FAULT_NOMEM, "keep the answer of database");
	a->len = 0;
	*out = (struct user_found){ .owner = a, .release = release };
	out->user.name = keep(a, q->name);
	if (!set_fields(l, &out->user, keep(a, fields)))
		return DATABASE_WRONG;
	return DATABASE_RIGHT;
}

/* The first stored password that is heard is remembered, for names that are not known.
 */
static void keep_decoy(struct lookup *l, const struct user *u)
{
	pthread_mutex_lock(&l->all->mutex);
	if (u->stored.len > 0 && l->decoy_len == 0 &&
	    u->stored.len <= sizeof l->decoy) {
		memcpy(l->decoy, u->stored.at, u->stored.len);
		l->decoy_len = u->stored.len;
	}
	pthread_mutex_unlock(&l->all->mutex);
}

static bool stand_in(struct database *db, struct span name, unsigned wants,
		     struct user_found *out)
{
	struct lookup *l = (struct lookup *)db;
	struct answer *a = malloc(sizeof *a);

	(void)name; /* there is one for all */
	if (!a)
		return false;
	a->len = 0;
	*out = (struct user_found){ .owner = a, .release = release };
	pthread_mutex_lock(&l->all->mutex);
	out->user.stored = keep(a, (struct span){ l->decoy, l->decoy_len });
	pthread_mutex_unlock(&l->all->mutex);
	if (out->user.stored.len > 0 &&
	    (wants == 0 || (scheme_good_for(out->user.stored) & wants)))
		return true;
	user_release(out);
	return false;
}

/* What the process has to say of it. */
static void tell_trouble(const struct lookup *l, enum fault f, struct span trouble,
			 struct why *why)
{
	char room[sizeof why->what];
	struct buf b = BUF(room);

	buf_text(&b, l->database.name);
	buf_text(&b, ": ");
	trouble.len = trouble.len < buf_left(&b) ? trouble.len : buf_left(&b) - 1;
	buf_put(&b, trouble);
	fault_set(why, f, 0, "ask database", buf_cstr(&b));
}

static enum database_says ask(struct lookup *l, const struct question *q,
			      struct user_found *out, struct why *why)
{
	ROOM struct channel_inbox inbox;
	const struct message_LOOKUP_IS *is = &inbox.message.LOOKUP_IS;
	enum fault not_sent = FAULT_NONE;
	struct channel_to *c = send_question(l, q, &not_sent);

	if (!c)
		return down(l, why, not_sent,
			    not_sent == FAULT_LIMIT
				    ? "find a free process to ask database"
				    : "send the question to database");
	enum database_says says = hear_answer(l, c, &inbox, why);
	if (says == DATABASE_DOWN && !why->fault)
		tell_trouble(l, is->unfit ? FAULT_SETUP : FAULT_IO, is->trouble, why);
	if (says == DATABASE_WRONG && is->trouble.len > 0)
		tell_trouble(l, FAULT_DENIED, is->trouble, why);
	if (says == DATABASE_RIGHT)
		says = fill(l, q, is->fields, out, why);
	if (says == DATABASE_RIGHT)
		keep_decoy(l, &out->user);
	secret_wipe(&inbox, sizeof inbox);
	return says;
}

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	return ask((struct lookup *)db, &(struct question){ .name = name }, out, why);
}

static enum database_says check(struct database *db, struct span name,
				struct span password, struct span peer,
				struct user_found *out, struct why *why)
{
	if (password.len > ((struct lookup *)db)->longest)
		return DATABASE_WRONG;
	return ask((struct lookup *)db,
		   &(struct question){ name, password, peer, true }, out, why);
}

static void lookup_free(struct database *db)
{
	struct lookup *l = (struct lookup *)db;

	while (l->free) {
		struct channel_to *c = l->free;

		l->free = c->next;
		channel_free(c);
	}
	secret_wipe(l->decoy, sizeof l->decoy);
	free(l);
}

struct database *lookups_new(struct lookups *lookups,
			     const struct database_settings *settings)
{
	static const struct database_driver tells = { .name = "lookup",
						      .find = find,
						      .stand_in = stand_in,
						      .free = lookup_free };
	static const struct database_driver judges = {
		.name = "lookup", .find = find, .check = check, .free = lookup_free
	};
	struct lookup *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->all = lookups;
	l->timeout = settings->timeout;
	l->longest = database_has_tokens(settings) ? BEARER_TOKEN_MAX
						   : SCHEME_PASSWORD_MAX;
	l->database.driver = database_judges(settings) ? &judges : &tells;
	return &l->database;
}
