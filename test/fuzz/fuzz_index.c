/* The index of a small real Maildir, with any octets changed, cut, and, by the first
 * octet, its sums made right again. Whatever it holds: nothing crashes; unless somebody
 * forged the sums of records, a message that is read has its own unique-id and size;
 * and once the index is gone, everything is as it was. */
#include "../scratch.h"
#include "fuzz.h"

#include <endian.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/indexhead.h"
#include "store/store.h"

enum { MESSAGES = 5, FORGE_HEAD = 1, FORGE_RECORDS = 2, CUT = 4 };

static const char *const names[MESSAGES] = { "new/1.x", "cur/2.x:2,S", "new/3 odd",
					     "new/4.x", "cur/4.x:2,RS" };
static char folder[64];
static struct store_opening opening;
static int dir;
static char good[1 << 16];
static size_t good_len;
static struct listing_record truth[MESSAGES];

static void clean_up(void)
{
	scratch_remove(folder);
}

static struct maildrop *open_it(enum store_index index)
{
	struct maildrop *m = NULL;

	opening.use.index = index;
	PROMISE(store_open(&opening, &m, NULL) == FAULT_NONE);
	return m;
}

static void list_truth(void)
{
	struct maildrop *m = open_it(STORE_INDEX_IGNORE);

	PROMISE(m->listing.count == MESSAGES);
	for (uint32_t msg = 1; msg <= MESSAGES; msg++)
		PROMISE(store_record(&m->listing, msg, &truth[msg - 1]));
	store_close(m);
}

/* A message long gone, so that there is a gap. */
static void make_index(void)
{
	const struct timespec then[2] = { { 1000, 1 }, { 1000, 1 } };

	close(openat(dir, "new/0.x", O_CREAT | O_WRONLY, 0600));
	struct maildrop *m = open_it(STORE_INDEX_KEEP);
	store_close(m);
	unlinkat(dir, "new/0.x", 0);
	PROMISE(utimensat(dir, "new", then, 0) == 0);
	PROMISE(utimensat(dir, "cur", then, 0) == 0);
	m = open_it(STORE_INDEX_KEEP);
	store_close(m);
	int fd = openat(dir, INDEX_FILE, O_RDONLY);
	ssize_t n = read(fd, good, sizeof good);
	PROMISE(n > LISTING_HEAD_OCTETS && (size_t)n < sizeof good);
	good_len = (size_t)n;
	close(fd);
}

static void begin(void)
{
	if (access("/dev/shm", W_OK) == 0)
		strcpy(folder, "/dev/shm/poplar-fuzz-XXXXXX");
	else
		strcpy(folder, "/tmp/poplar-fuzz-XXXXXX");
	PROMISE(mkdtemp(folder) && store_start());
	atexit(clean_up);
	opening.place.root = open(folder, O_PATH | O_DIRECTORY);
	opening.place.path = "Maildir";
	opening.process.locks = store_locks_new(1, 0);
	opening.process.boot = 1;
	PROMISE(mkdirat(opening.place.root, "Maildir", 0700) == 0);
	dir = openat(opening.place.root, "Maildir", O_RDONLY | O_DIRECTORY);
	PROMISE(mkdirat(dir, "new", 0700) == 0 && mkdirat(dir, "cur", 0700) == 0);
	for (int i = 0; i < MESSAGES; i++) {
		int fd = openat(dir, names[i], O_CREAT | O_WRONLY, 0600);

		PROMISE(fd >= 0 && write(fd, "a\nb\nc\nd\ne\n", 2u * (unsigned)i) >= 0);
		close(fd);
	}
	make_index();
	list_truth();
}

static void put_le(char *at, uint64_t n)
{
	n = htole64(n);
	memcpy(at, &n, sizeof n);
}

/* Four octets each: where, two of them for how far, what. */
static void change(char *octets, struct span *in)
{
	static const struct {
		size_t at, len;
	} part[4] = {
		{ 0, sizeof(struct index_head) + 16 },
		{ LISTING_HEAD_OCTETS, (MESSAGES + 1) * LISTING_RECORD_OCTETS },
		{ LISTING_HEAD_OCTETS + LISTING_GROUP * LISTING_RECORD_OCTETS,
		  (MESSAGES + 1) * LISTING_NAME_OCTETS },
		{ LISTING_HEAD_OCTETS - 8, 8 },
	};

	while (in->len >= 4) {
		size_t k = fuzz_take(in) % 4;
		size_t far = fuzz_take(in);

		far = far * 256 + fuzz_take(in);
		octets[part[k].at + far % part[k].len] = (char)fuzz_take(in);
	}
}

static void forge_records(char *octets)
{
	uint64_t generation;

	memcpy(&generation, octets + offsetof(struct index_head, generation), 8);
	for (uint32_t i = 0; i <= MESSAGES; i++) {
		struct listing_record r;
		char *at = octets + listing_at(i), copy[LISTING_RECORD_OCTETS];

		if (!listing_get(good + listing_at(i), le64toh(generation), i, &r))
			return;
		/* What is not checked by itself. */
		memcpy(&r.octets, at, 8);
		memcpy(&r.file, at + 8, 8);
		memcpy(&r.stored, at + 16, 8);
		r.flags = (uint8_t)at[42];
		r.name_len = (uint16_t)(1 + (uint8_t)at[40]);
		r.name_sum = listing_sum(
			(struct span){ octets + listing_name_at(i), r.name_len }, 0);
		listing_put(&r, le64toh(generation), i, copy);
		memcpy(at, copy, sizeof copy);
	}
}

static void put_index(char *octets, size_t len, uint8_t mode)
{
	struct stat st;

	unlinkat(dir, INDEX_FILE, 0);
	int fd = openat(dir, INDEX_FILE, O_CREAT | O_EXCL | O_WRONLY, 0600);
	PROMISE(fd >= 0 && fstat(fd, &st) == 0);
	put_le(octets + offsetof(struct index_head, file), st.st_ino);
	if (mode & FORGE_RECORDS)
		forge_records(octets);
	if (mode & (FORGE_HEAD | FORGE_RECORDS))
		put_le(octets + LISTING_HEAD_OCTETS - 8, index_head_sum(octets));
	PROMISE(write(fd, octets, len) == (ssize_t)len);
	close(fd);
}

static bool is_true(const struct listing_record *r, uint64_t octets)
{
	for (int i = 0; i < MESSAGES; i++)
		if (truth[i].uid_len == r->uid_len &&
		    memcmp(truth[i].uid, r->uid, r->uid_len) == 0)
			return truth[i].octets == r->octets && r->octets == octets;
	return false;
}

/* An index that says that its unique-ids come from a register must not be replaced by
 * one with others: as long as it lies there without a register, the maildrop is closed.
 */
static bool is_of_a_register(const char *octets)
{
	uint64_t uids;

	memcpy(&uids, octets + offsetof(struct index_head, uids), sizeof uids);
	return uids != 0;
}

static void hold_a_session(uint8_t mode, const char *octets)
{
	struct maildrop *m = NULL;

	opening.use.index = STORE_INDEX_KEEP;
	if (store_open(&opening, &m, NULL)) {
		PROMISE(is_of_a_register(octets));
		unlinkat(dir, INDEX_FILE, 0);
		return;
	}
	uint32_t count = m->listing.count < 20 ? m->listing.count : 20;
	struct listing_record r;
	struct store_body body;
	uint32_t left;

	for (uint32_t msg = 1; msg <= count; msg++) {
		bool listed = store_record(&m->listing, msg, &r);

		if (store_body(m, msg, &body, NULL))
			continue;
		close(body.fd);
		PROMISE((mode & FORGE_RECORDS) || (listed && is_true(&r, body.octets)));
	}
	store_doubt(m);
	PROMISE(store_commit(m, NULL, NULL, &left, NULL) == FAULT_NONE);
	store_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	static char octets[sizeof good];
	uint8_t mode = fuzz_take(&in);
	size_t len;

	if (!good_len)
		begin();
	memcpy(octets, good, good_len);
	len = mode & CUT ? good_len * fuzz_take(&in) / 255 : good_len;
	change(octets, &in);
	put_index(octets, len, mode);
	hold_a_session(mode, octets);
	struct maildrop *m = open_it(STORE_INDEX_KEEP);
	PROMISE(m->listing.count == MESSAGES);
	for (uint32_t msg = 1; msg <= MESSAGES; msg++) {
		struct listing_record r;

		PROMISE(store_record(&m->listing, msg, &r) && is_true(&r, r.octets));
	}
	store_close(m);
	return 0;
}
