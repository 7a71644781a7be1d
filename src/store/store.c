/* store/store.c - opens, commits and closes maildrops of any kind.
 *
 * Prefix: store_.
 */
#include "store/store.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/own.h"
#include "mail/name.h"
#include "store/kinds.h"
#include "store/retention.h"

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, 1);
}

/* When the C library sorts a large array for the first time, it asks the kernel how
 * much memory the machine has: a call that the sandbox forbids. */
bool store_start(void)
{
	char large[4096] = { 1 };

	qsort(large, sizeof large, 1, by_value);
	for (enum store_kind_id id = 0; id < STORE_KINDS; id++)
		if (store_kind(id)->start && !store_kind(id)->start())
			return false;
	return name_start();
}

/* From the kernel's text for the boot. If that cannot be read, each process counts as a
 * boot of its own. */
uint64_t store_boot(void)
{
	OWN_FD fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[36];

	if (fd < 0 || pread(fd, text, sizeof text, 0) != sizeof text)
		randombytes_buf(text, sizeof text);
	return listing_sum((struct span){ text, sizeof text }, 0) | 1;
}

/* ---- opening ---- */

/* Messages that cannot be removed stay, and are due again the next time. The removals
 * are not made durable: after a crash of the machine, too, messages are due again. */
static enum fault remove_due(struct maildrop *m, const struct store_opening *o,
			     const uint64_t *marks, struct why *why)
{
	const uint32_t count = m->listing.count;
	const uint64_t octets = m->listing.octets;
	struct why trouble;

	if (m->kind->remove(m, marks, false, &trouble))
		m->ledger_trouble = trouble;
	enum fault f = m->kind->list(m, o, why);
	if (f == FAULT_NONE && m->listing.count < count) {
		m->expired = count - m->listing.count;
		m->expired_octets = octets - m->listing.octets;
	}
	return f;
}

static void count_due(struct maildrop *m, const uint64_t *marks)
{
	struct listing_record r;

	for (uint32_t i = 0; i < m->listing.count; i++) {
		if (!store_is_marked(marks, i) || !store_record(&m->listing, i + 1, &r))
			continue;
		m->expired++;
		m->expired_octets += r.octets;
	}
}

/* Messages that are due go before anybody has seen the listing. */
static enum fault expire(struct maildrop *m, const struct store_opening *o,
			 struct why *why)
{
	uint64_t *marks = retention_due(m);
	enum fault f = FAULT_NONE;

	if (!marks)
		return FAULT_NONE;
	if (m->rules->look == STORE_LOOK_ONLY)
		count_due(m, marks);
	else
		f = remove_due(m, o, marks, why);
	free(marks);
	return f;
}

enum fault store_open(const struct store_opening *o, struct maildrop **out,
		      struct why *why)
{
	const struct store_kind *kind = store_kind(o->place.kind);
	struct maildrop *m;
	enum fault f = kind->open(o, &m, why);

	if (f)
		return f;
	m->kind = kind;
	m->rules = o->rules;
	f = retention_admit(m, why);
	if (f == FAULT_NONE)
		f = kind->list(m, o, why);
	if (f == FAULT_NONE)
		f = expire(m, o, why);
	if (m->ledger_trouble.fault)
		m->trouble = m->ledger_trouble;
	if (f)
		store_close(m);
	else
		*out = m;
	return f;
}

/* ---- the end ---- */

static uint32_t count_marked(const struct maildrop *m, const uint64_t *marks)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < m->listing.count; i++)
		count += store_is_marked(marks, i);
	return count;
}

enum fault store_commit(struct maildrop *m, const uint64_t *marks,
			const uint64_t *retrieved, uint32_t *out_left, struct why *why)
{
	enum fault f = marks ? m->kind->remove(m, marks, true, why) : FAULT_NONE;

	if (retrieved)
		retention_note(m, marks, retrieved);
	if (f == FAULT_NONE)
		*out_left = m->listing.count - (marks ? count_marked(m, marks) : 0);
	m->kind->unlock(m);
	return f;
}

void store_close(struct maildrop *m)
{
	if (!m)
		return;
	ledger_close(&m->ledger);
	free(m->fresh);
	m->kind->close(m);
}
