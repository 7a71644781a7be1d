/* authd/lookups.c - databases that poplar-auth asks through poplar-lookup.
 *
 * Prefix: lookups_. If a process does not answer in time, or dies, one login fails with
 * [SYS/TEMP], and poplard replaces the process. All that a process can do to
 * poplar-auth is to send a message of bounded size.
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

/* A lookup process: on its database's list while it is free, and otherwise owned by the
 * thread that asks it. */
struct process {
	struct process *next;
	uint64_t number; /* poplard's name for it */
	struct channel channel;
};

struct lookup {
	struct database database; /* first: a lookup is a database */
	struct lookups *all;
	uint32_t timeout; /* for a free process, in ms */
	size_t longest;   /* password, or token, in octets */
	struct process *free;
	/* A stored password, compared in vain for unknown names, so that they take as
	 * long as known ones. */
	char decoy[STORED_MAX];
	size_t decoy_len;
};

/* The memory that a found user's spans point into. */
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
	*lookups = (struct lookups){ .parent = parent, .waiters_max = 1 };
	pthread_mutex_init(&lookups->mutex, NULL);
	clock_cond_init(&lookups->changed);
}

/* ---- processes ---- */

static void process_free(struct process *p)
{
	own_fd_close(&p->channel.fd);
	free(p);
}

static void give_back(struct lookup *l, struct process *p)
{
	pthread_mutex_lock(&l->all->mutex);
	p->next = l->free;
	l->free = p;
	pthread_cond_broadcast(&l->all->changed);
	pthread_mutex_unlock(&l->all->mutex);
}

void lookups_link(struct database *database, uint64_t number, int fd)
{
	struct process *p = malloc(sizeof *p);

	if (!p) {
		own_fd_close(&fd);
		return;
	}
	*p = (struct process){ NULL, number, channel_of(fd, ROLE_LOOKUP, ROLE_AUTH) };
	give_back((struct lookup *)database, p);
}

/* A free process, if need be after a wait. NULL: none became free in time. At most
 * waiters_max threads wait, so that the others serve the users of other databases. */
static struct process *take_process(struct lookup *l)
{
	struct lookups *all = l->all;
	const uint64_t end = clock_ms() + l->timeout;

	pthread_mutex_lock(&all->mutex);
	bool wait = !l->free && all->waiters < all->waiters_max;
	all->waiters += wait;
	while (!l->free && wait)
		if (!clock_cond_wait(&all->changed, &all->mutex, end))
			break;
	all->waiters -= wait;
	struct process *p = l->free;
	if (p)
		l->free = p->next;
	pthread_mutex_unlock(&all->mutex);
	return p;
}

/* The process hangs, sends what is not legal, or has died: have poplard replace it. If
 * the report is lost, the database has one process less. */
static void give_up(struct lookup *l, struct process *p)
{
	const struct message m = { .kind = MESSAGE_LOOKUP_BROKEN,
				   .LOOKUP_BROKEN = { p->number } };

	fault_ignore(channel_send(l->all->parent, &m, -1, CHANNEL_NOW));
	process_free(p);
}

/* ---- one question ---- */

static enum database_says down(const struct lookup *l, struct why *why, enum fault f,
			       const char *doing)
{
	fault_set(why, f, 0, doing, l->database.name);
	return DATABASE_DOWN;
}

/* Send the question to a free process; one that has died meanwhile is given up, and the
 * next one is tried. Returns the process. NULL, and *why_not: FAULT_LIMIT, none is
 * free; FAULT_UNSENDABLE or FAULT_NOMEM, the question cannot be sent now. */
static struct process *send_question(struct lookup *l, const struct question *q,
				     enum fault *why_not)
{
	const struct message m = { .kind = MESSAGE_LOOKUP_ASK,
				   .LOOKUP_ASK = { q->judge, q->peer, q->name,
						   q->password } };
	struct process *p;

	while ((p = take_process(l))) {
		enum fault f = channel_send(p->channel.fd, &m, -1, CHANNEL_NOW);

		if (f == FAULT_NONE)
			return p;
		if (f == FAULT_UNSENDABLE || f == FAULT_NOMEM) {
			give_back(l, p);
			*why_not = f;
			return NULL;
		}
		give_up(l, p);
	}
	*why_not = FAULT_LIMIT;
	return NULL;
}

static enum database_says receive_answer(struct lookup *l, struct process *p,
					 struct channel_inbox *inbox, struct why *why)
{
	const struct message_LOOKUP_IS *is = &inbox->message.LOOKUP_IS;

	switch (channel_receive(&p->channel, CHANNEL_WAIT, inbox)) {
	case CHANNEL_MESSAGE:
		give_back(l, p);
		if (is->says > DATABASE_DOWN)
			return down(l, why, FAULT_PEER, "understand database");
		return (enum database_says)is->says;
	case CHANNEL_EMPTY:
		give_up(l, p);
		return down(l, why, FAULT_LIMIT, "wait for an answer of database");
	case CHANNEL_CUT:
	case CHANNEL_CLOSED:
	case CHANNEL_BROKEN:
		break;
	}
	give_up(l, p);
	return down(l, why, FAULT_PEER, "hear the process that asks database");
}

/* ---- the answer ---- */

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

/* Set one field of the user. False, and logged: the value is malformed. */
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

/* Set the user's fields from "name" NUL "value" NUL, repeated. False: one is malformed,
 * or the user has no name. */
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

/* Keep the first stored password that any answer has, for unknown names. */
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

	(void)name; /* the same for every name */
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

/* Fill *why with the trouble that the process has reported, cut to fit. */
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
	struct process *p = send_question(l, q, &not_sent);

	if (!p)
		return down(l, why, not_sent,
			    not_sent == FAULT_LIMIT
				    ? "find a free process to ask database"
				    : "send the question to database");
	enum database_says says = receive_answer(l, p, &inbox, why);
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
		struct process *p = l->free;

		l->free = p->next;
		process_free(p);
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
