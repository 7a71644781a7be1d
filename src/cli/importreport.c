/* cli/importreport.c - what an import prints.
 *
 * Prefix: import_.
 */
#include "cli/importreport.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/json.h"
#include "sys/clock.h"

struct count {
	const char *name, *text;
	uint64_t value;
};
enum {
	COUNTS = 0
#define X(id, text) +1
	IMPORT_COUNT_TABLE(X)
#undef X
};

static void begin_object(const struct import *i)
{
	printf("{\"user\": ");
	json_text(span_of(i->maildrop.name));
	printf(", \"kind\": \"%s\", \"dry_run\": %s", i->kind->name,
	       i->dry_run ? "true" : "false");
}

void import_report(const struct import *i, const struct import_counts *counts,
		   bool changed)
{
	const struct count all[COUNTS] = {
#define X(id, text) { #id, text, counts->id },
		IMPORT_COUNT_TABLE(X)
#undef X
	};

	if (i->json) {
		begin_object(i);
		for (size_t n = 0; n < COUNTS; n++)
			printf(", \"%s\": %" PRIu64, all[n].name, all[n].value);
		printf(", \"changed\": %s, \"fault\": null}\n",
		       changed ? "true" : "false");
		return;
	}
	cli_show(stdout, span_of(i->maildrop.name));
	for (size_t n = 0; n < COUNTS; n++)
		if (n == 0 || all[n].value > 0)
			printf("%s %" PRIu64 " %s", n == 0 ? ":" : ",", all[n].value,
			       all[n].text);
	puts(!changed ? "; nothing to do" : i->dry_run ? "; not done (dry run)" : "");
}

void import_complain(const struct import *i, const struct why *why)
{
	char room[1024], label[FAULT_LABEL_MAX];
	struct buf story = BUF(room);

	if (why->fault == FAULT_BUSY) /* it was not tried, rather than failed */
		buf_text(&story, fault_text(why->fault));
	else
		cli_story(why, &story);
	fprintf(stderr, "poplar: %s: %s\n", i->maildrop.name, buf_cstr(&story));
	if (!i->json)
		return;
	begin_object(i);
	printf(", \"fault\": ");
	json_text(fault_label(why->fault, label));
	printf(", \"trouble\": ");
	json_text(buf_span(&story));
	puts("}");
}

/* How much of the work is done, from 0 to 1: by maildrops or, if there is one, by its
 * messages. */
static double part_done(const struct import_shared *s)
{
	const uint64_t all = s->users > 1 ? s->users : s->found;
	const uint64_t done = s->users > 1 ? s->done : s->seen;

	return all > 0 ? (double)done / (double)all : 0;
}

void import_progress(const struct import_shared *s, uint64_t begun_ms)
{
	const double part = part_done(s);
	const double passed = (double)(clock_ms() - begun_ms) / 1000;

	fprintf(stderr,
		"\r%" PRIu64 " of %" PRIu64 " maildrops, %" PRIu64 " messages, %" PRIu64
		" octets copied",
		(uint64_t)s->done, (uint64_t)s->users, (uint64_t)s->found,
		(uint64_t)s->octets);
	if (part > 0.001 && part <= 1)
		fprintf(stderr, ", %.0f s left ", passed / part - passed);
}
