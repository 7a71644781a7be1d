/* The file in the run directory: whatever it holds, what is taken for a process is one
 * that poplard could have written, and reads back as it is. */
#include "fuzz.h"

#include "base/buf.h"
#include "rundir/state.h"

static struct statefile parse(const void *at, size_t len)
{
	char *text = malloc(len + 1);
	struct statefile file;

	PROMISE(text);
	memcpy(text, at, len);
	PROMISE(statefile_parse(text, len, &file) == FAULT_NONE);
	return file;
}

static void check_entry(const struct statefile_entry *e)
{
	char room[512];
	struct buf b = BUF(room);

	PROMISE(e->role < ROLE_COUNT && e->sandbox < SANDBOX_COUNT);
	PROMISE(e->pid > 0 && e->abi >= 0);
	statefile_put(&b, e);
	PROMISE(!b.cut);
	struct statefile again = parse(room, b.len);
	PROMISE(again.count == 1);
	const struct statefile_entry *a = &again.at[0];
	PROMISE(a->role == e->role && a->sandbox == e->sandbox && a->pid == e->pid &&
		a->started == e->started && a->uid == e->uid && a->gid == e->gid &&
		a->generation == e->generation && a->abi == e->abi);
	statefile_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct statefile file = parse(data, size);

	for (size_t i = 0; i < file.count && i < 8; i++)
		check_entry(&file.at[i]);
	PROMISE(!statefile_has_port(&file, "listen-tls", "no\nport"));
	statefile_done(&file);
	return 0;
}
