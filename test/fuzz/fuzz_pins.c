/* A register of any octets. What can be read of it has each key and each unique-id
 * once; what is added is found again, also in a new file; and what was there stays.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/listing.h"
#include "store/pinshead.h"

static char folder[64];
static int dir = -1;

static int remove_one(const char *path, const struct stat *st, int flag,
		      struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
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

/* Make the sums right, so that not every input ends there. */
static void mend(char *at, size_t len)
{
	size_t end = PINS_HEAD_OCTETS;

	if (len < PINS_HEAD_OCTETS)
		return;
	pins_put(at, PINS_MAGIC);
	pins_put(at + PINS_AT_VERSION, PINS_VERSION);
	pins_put(at + PINS_AT_HEAD_SUM, pins_head_sum(at));
	for (uint32_t i = 0; len - end >= PINS_AT_TEXT; i++) {
		const size_t octets = pins_record_octets(
			(size_t)(unsigned char)at[end + PINS_AT_UID_LEN] +
			(unsigned char)at[end + PINS_AT_KEY_LEN] +
			((size_t)(unsigned char)at[end + PINS_AT_KEY_LEN + 1] << 8));

		if (octets > len - end)
			break;
		pins_put(at + end,
			 pins_record_sum(at + end, octets,
					 pins_get(at + PINS_AT_GENERATION), i));
		end += octets;
	}
}

static void put_file(const char *at, size_t len)
{
	int fd = openat(dir, PINS_FILE, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	PROMISE(write(fd, at, len) == (ssize_t)len);
	close(fd);
}

static void check_all(const struct pins *p)
{
	for (uint32_t i = 0; i < p->count; i++) {
		const struct pin *pin = &p->at[i].pin;

		PROMISE(pin->key.len > 0 && pin->key.len <= PINS_KEY_MAX);
		PROMISE(pin->uid.len == 0 || listing_uid_ok(pin->uid));
		PROMISE(pin->uid.len == 0 || !pins_is_taken(p, pin->uid, pin->key));
		if (p->at[i].live)
			PROMISE(pins_find(p, pin->key) == pin);
	}
}

static void check_same(const struct pins *a, const struct pins *b)
{
	PROMISE(a->count == b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		const struct pin *x = &a->at[i].pin, *y = &b->at[i].pin;

		PROMISE(a->at[i].live == b->at[i].live && x->number == y->number);
		PROMISE(x->uid.len == y->uid.len && x->key.len == y->key.len &&
			memcmp(x->key.at, y->key.at, x->key.len) == 0 &&
			(x->uid.len == 0 ||
			 memcmp(x->uid.at, y->uid.at, x->uid.len) == 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char octets[1 << 16];
	struct span in = { (const char *)data, size };
	const bool mends = fuzz_take(&in) % 2, replaces = fuzz_take(&in) % 2;
	struct pins p, again;
	char uid[LISTING_UID_MAX];

	if (dir < 0)
		begin();
	if (in.len > sizeof octets)
		return 0;
	memcpy(octets, in.at, in.len);
	if (mends)
		mend(octets, in.len);
	put_file(octets, in.len);
	if (pins_open(dir, &p, NULL) == FAULT_NONE) {
		check_all(&p);
		const struct span key = SPAN("1700000000.new");
		const struct pin pin = {
			.key = key,
			.uid = { uid, pins_derive(&p, key, uid) },
			.place = p.place,
		};
		PROMISE(!pins_is_taken(&p, pin.uid, key) && pins_add(&p, &pin));
		PROMISE((replaces ? pins_replace(&p, dir, NULL)
				  : pins_append(&p, dir, NULL)) == FAULT_NONE);
		PROMISE(pins_open(dir, &again, NULL) == FAULT_NONE);
		check_all(&again);
		check_same(&p, &again);
		pins_close(&again);
	}
	pins_close(&p);
	return 0;
}
