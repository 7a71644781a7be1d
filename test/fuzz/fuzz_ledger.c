/* A ledger of any octets. What can be read of it is in order, each message once and in
 * bounds; what is added is found; and a new file has what was chosen, and nothing else.
 */
#include "../scratch.h"
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/ledger.h"

static char folder[64];
static int dir = -1;

static void clean_up(void)
{
	scratch_remove(folder);
}

static void begin(void)
{
	/* In memory, where there is room: each input is made durable. */
	strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/poplar-fuzz-XXXXXX"
						     : "/tmp/poplar-fuzz-XXXXXX");
	PROMISE(mkdtemp(folder) != NULL);
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	PROMISE(dir >= 0);
	atexit(clean_up);
}

static struct span uid_of(const struct ledger_record *r)
{
	return (struct span){ r->uid, r->uid_len };
}

static struct ledger_record *find(struct ledger_record *all, uint32_t count,
				  const struct ledger_record *r)
{
	return ledger_find(all, count, (enum ledger_kind)r->kind, uid_of(r));
}

/* Each is found where it stands. */
static void check_all(struct ledger_record *all, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		PROMISE(all[i].when > 0 && all[i].uid_len <= LEDGER_UID_MAX);
		PROMISE(find(all, count, &all[i]) == &all[i]);
	}
}

static uint32_t count_of(const struct ledger *l)
{
	struct ledger_record *all;
	uint32_t count;

	PROMISE(ledger_read(l, &all, &count, NULL) == FAULT_NONE);
	check_all(all, count);
	free(all);
	return count;
}

static void add_one(struct ledger *l, const struct ledger_record *r)
{
	struct ledger_record *all;
	uint32_t count;

	PROMISE(ledger_add(l, r, 1, NULL) == FAULT_NONE);
	PROMISE(ledger_read(l, &all, &count, NULL) == FAULT_NONE);
	check_all(all, count);
	const struct ledger_record *found = find(all, count, r);
	PROMISE(found && found->when <= r->when);
	free(all);
}

/* Every other record stays. */
static void thin_out(struct ledger *l)
{
	struct ledger_record *all;
	uint32_t count, kept = 0;

	PROMISE(ledger_read(l, &all, &count, NULL) == FAULT_NONE);
	for (uint32_t i = 0; i < count; i++) {
		if (i % 2)
			all[i].when = 0;
		kept += all[i].when > 0;
	}
	PROMISE(ledger_replace(dir, l, all, count, NULL) == FAULT_NONE);
	free(all);
	PROMISE(l->count == kept && count_of(l) == kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	struct ledger_record r = { .kind = fuzz_take(&in) % 2 };
	struct ledger l, again;

	r.uid_len = fuzz_take(&in) % (LEDGER_UID_MAX + 1);
	r.when = fuzz_take(&in) + 1u;
	memset(r.uid, 'u', r.uid_len);
	if (dir < 0)
		begin();
	int fd = openat(dir, "poplar-ledger", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	PROMISE(write(fd, in.at, in.len) == (ssize_t)in.len);
	close(fd);
	PROMISE(ledger_open(dir, false, &l, NULL) == FAULT_NONE);
	count_of(&l);
	add_one(&l, &r);
	thin_out(&l);
	PROMISE(ledger_save(&l, NULL) == FAULT_NONE);
	PROMISE(ledger_open(dir, true, &again, NULL) == FAULT_NONE);
	PROMISE(again.count == l.count && again.look == l.look &&
		again.due_ms == l.due_ms);
	ledger_close(&again);
	ledger_close(&l);
	return 0;
}
