/* front/pop3/records.c - reads records of the listing, for LIST, UIDL and DELE.
 *
 * Prefix: records_.
 */
#include "front/pop3/records.h"

#include <errno.h>
#include <stdlib.h>

#include "base/own.h"
#include "front/pop3/answer.h"
#include "front/pop3/droplink.h"
#include "front/pop3/surrogate.h"

static bool take_gaps(struct listing_map *out, const struct message_READY *m)
{
	struct listing_map map = { m->generation, (uint32_t)(m->gaps.len / 8), NULL };

	if (map.gap_count > 0) {
		map.gaps = malloc(map.gap_count * sizeof *map.gaps);
		if (!map.gaps || !listing_get_gaps(&map, m->gaps.at, UINT32_MAX)) {
			free(map.gaps);
			return false;
		}
	}
	*out = map;
	return true;
}

bool records_open(struct conn *c, const struct message_READY *m, int fd)
{
	const struct reader_given given = { fd, answer_kind(m->given), 0, m->window };

	reader_open(&c->pop3->drop.records, 0, &given);
	c->pop3->drop.downgrade_way = (enum downgrade_way)m->downgrade;
	if (take_gaps(&c->pop3->drop.map, m))
		return true;
	reader_close(&c->pop3->drop.records);
	return false;
}

void records_close(struct conn *c)
{
	reader_close(&c->pop3->drop.records);
	free(TAKE(c->pop3->drop.map.gaps));
}

enum result records_read(struct conn *c, struct records_batch *out,
			 struct session_event *ev)
{
	const struct session *s = &c->pop3->session;
	const uint32_t wanted = s->last - s->next + 1;
	const uint32_t first = listing_number(&c->pop3->drop.map, s->next);
	const uint32_t together = LISTING_GROUP - first % LISTING_GROUP;
	const uint32_t most = together < wanted ? together : wanted;

	ssize_t n = reader_read(&c->pop3->drop.records, listing_at(first), out->at,
				sizeof *out->at, most * sizeof *out->at);
	if (n < 0 && errno == EAGAIN)
		return droplink_ask_octets(c, &c->pop3->drop.records, listing_at(first),
					   ev);
	out->first = out->next = first;
	out->count = n > 0 ? (uint32_t)n / LISTING_RECORD_OCTETS : 0;
	return RESULT_DONE;
}

void records_event(const struct conn *c, struct records_batch *b,
		   struct session_event *ev)
{
	const uint32_t i = b->next - b->first;
	struct listing_record *r = &b->record;

	if (i >= b->count ||
	    !listing_get(b->at[i], c->pop3->drop.map.generation, b->next, r)) {
		droplink_report_corruption(c);
		result_failed(ev, FAULT_IO);
		return;
	}
	*ev = (struct session_event){ .kind = EVENT_RECORD,
				      .fault = surrogate_refuses(c, r->surrogate),
				      .octets =
					      listing_octets(r, c->pop3->session.utf8),
				      .uid = listing_uid(r) };
}

bool records_next(const struct conn *c, struct records_batch *b)
{
	b->next = listing_number(&c->pop3->drop.map, c->pop3->session.next);
	return b->next - b->first < b->count;
}
