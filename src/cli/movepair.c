/* cli/movepair.c - compares what two POP3 servers show to one user.
 *
 * Prefix: pair_.
 */
#include "cli/movepair.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

static enum pair_verdict trouble(struct pair *p, const struct move_side *side,
				 const char *doing, const struct pop *pop)
{
	buf_text(&p->said, side == &p->servers->old ? "old server: " : "new server: ");
	buf_text(&p->said, doing);
	buf_text(&p->said, *pop->said ? ": " : "");
	buf_text(&p->said, pop->said);
	return PAIR_NOT_COMPARED;
}

static bool list(struct pop *pop, const char *command, struct compare_text *out)
{
	return pop_ask(pop, command) && pop_lines(pop, compare_add, out) &&
	       !out->failed;
}

/* Log in to a server, and take down what it lists. */
static enum pair_verdict view(struct pair *p, const struct move_side *side,
			      struct pop *pop, struct compare_view *out)
{
	if (!pop_open(pop, &side->server))
		return trouble(p, side, "no session", pop);
	if (!side_login(side, pop, p->user))
		return trouble(p, side, "no login", pop);
	if (!pop_ask(pop, "STAT") || !compare_stat(span_of(pop->said), out))
		return trouble(p, side, "no reply to STAT", pop);
	if (!list(pop, "LIST", &out->list))
		return trouble(p, side, "no reply to LIST", pop);
	if (!list(pop, "UIDL", &out->uidl))
		return trouble(p, side, "no reply to UIDL", pop);
	return PAIR_SAME;
}

enum { DIGEST_OCTETS = crypto_hash_sha256_BYTES };

static void hash(void *state, struct span octets)
{
	crypto_hash_sha256_update(state, (const unsigned char *)octets.at, octets.len);
}

static bool digest(struct pop *pop, uint64_t number, unsigned char out[DIGEST_OCTETS])
{
	crypto_hash_sha256_state state;
	char command[40];

	snprintf(command, sizeof command, "RETR %" PRIu64, number);
	crypto_hash_sha256_init(&state);
	if (!pop_ask(pop, command) || !pop_message(pop, hash, &state))
		return false;
	crypto_hash_sha256_final(&state, out);
	return true;
}

static enum pair_verdict compare_message(struct pair *p, uint64_t number)
{
	unsigned char old[DIGEST_OCTETS], new[DIGEST_OCTETS];

	if (!digest(&p->old_pop, number, old))
		return trouble(p, &p->servers->old, "no reply to RETR", &p->old_pop);
	if (!digest(&p->new_pop, number, new))
		return trouble(p, &p->servers->new, "no reply to RETR", &p->new_pop);
	if (memcmp(old, new, sizeof old) == 0)
		return PAIR_SAME;
	buf_text(&p->said, "RETR ");
	buf_u64(&p->said, number);
	buf_text(&p->said, ": the servers send different octets");
	return PAIR_DIFFERS;
}

/* The first message, the last, and those at equal distances between them. */
static enum pair_verdict compare_sample(struct pair *p)
{
	const uint64_t count = p->old.messages;
	const uint64_t most = count < p->servers->sample ? count : p->servers->sample;
	enum pair_verdict v = PAIR_SAME;

	for (uint64_t i = 0; i < most && v == PAIR_SAME; i++)
		v = compare_message(p, most == 1 ? count
						 : 1 + i * (count - 1) / (most - 1));
	return v;
}

static enum pair_verdict compare(struct pair *p)
{
	enum pair_verdict v = view(p, &p->servers->old, &p->old_pop, &p->old);

	if (v == PAIR_SAME)
		v = view(p, &p->servers->new, &p->new_pop, &p->new);
	if (v != PAIR_SAME)
		return v;
	return compare_views(&p->old, &p->new, p->servers->sizes, &p->said)
		       ? compare_sample(p)
		       : PAIR_DIFFERS;
}

enum pair_verdict pair_compare(struct pair *p, const struct pair_servers *servers,
			       const char *user)
{
	*p = (struct pair){ .servers = servers, .user = user };
	p->old_pop.fd = p->new_pop.fd = -1;
	p->said = BUF(p->room);
	return compare(p);
}

void pair_done(struct pair *p)
{
	pop_close(&p->old_pop);
	pop_close(&p->new_pop);
	compare_done(&p->old.list);
	compare_done(&p->old.uidl);
	compare_done(&p->new.list);
	compare_done(&p->new.uidl);
}
