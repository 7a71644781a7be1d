/* bench/pins.c - what a register of pinned unique-ids costs.
 *
 *   bench-pins FOLDER [MESSAGES]
 *
 * Makes a Maildir of so many (100,000) messages below FOLDER, which is empty, and
 * prints CPU time, all in one process and with the files in memory: of a login in which
 * nothing has changed, of one with one new message, and of one without an index; then
 * of pinning all messages, of doing that again, and of the same logins with the
 * register.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

enum { ROUNDS = 1000, FEW_ROUNDS = 5, NAME_ROOM = 64 };

static int root;
static unsigned count = 100000, arrived;
static struct store_locks *locks;

static void give_up(const char *doing)
{
	perror(doing);
	exit(1);
}

static void name_of(unsigned i, char out[NAME_ROOM])
{
	snprintf(out, NAME_ROOM, "%u.M%uP%u.mx1.example.net,S=59", 1600000000 + i,
		 i % 1000000, i % 30000);
}

static void put(unsigned i)
{
	static const char text[] = "Subject: a message\n\n"
				   "a line of the body\n"
				   "another line of it\n";
	char name[NAME_ROOM], path[NAME_ROOM + 16];

	name_of(i, name);
	snprintf(path, sizeof path, "Maildir/new/%s", name);
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, text, sizeof text - 1) < 0)
		give_up(path);
	close(fd);
}

static struct store_opening opening(void)
{
	return (struct store_opening){
		.place = { STORE_MAILDIR, root, "Maildir" },
		.process = { .locks = locks, .boot = 1 },
	};
}

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void log_in(void)
{
	const struct store_opening o = opening();
	struct maildrop *m;

	if (store_open(&o, &m, NULL))
		give_up("store_open");
	if (m->listing.count < count)
		give_up("a message is missing");
	store_close(m);
}

static void come(void)
{
	put(count + arrived++);
}

static void lose_index(void)
{
	unlinkat(root, "Maildir/poplar-index", 0);
}

/* An index that was just written is not believed yet. */
static void rest(void)
{
	usleep(50000);
	log_in();
	usleep(50000);
	log_in();
}

static double measure(void (*before)(void), int rounds)
{
	double sum = 0;

	for (int i = 0; i < rounds; i++) {
		if (before)
			before();
		const double begin = cpu_us();
		log_in();
		sum += cpu_us() - begin;
	}
	return sum / rounds;
}

static void measure_all(const char *title)
{
	rest();
	const double same = measure(NULL, ROUNDS);
	const double one = measure(come, FEW_ROUNDS);
	const double gone = measure(lose_index, FEW_ROUNDS);

	printf("%s: unchanged %.1f us, one new message %.1f ms, no index %.1f ms\n",
	       title, same, one / 1000, gone / 1000);
}

static void pin_all(struct store_pin *at)
{
	const struct store_opening o = opening();
	struct store_pins pins = { .at = at, .count = count };
	const double begin = cpu_us();

	if (store_pin(&o, &pins, NULL))
		give_up("store_pin");
	printf("pin %u messages: %.1f ms%s\n", count, (cpu_us() - begin) / 1000,
	       pins.changed ? "" : ", nothing has changed");
}

int main(int argc, char **argv)
{
	if (argc < 2 || !store_start())
		return 2;
	if (argc > 2)
		count = (unsigned)strtoul(argv[2], NULL, 10);
	root = open(argv[1], O_PATH | O_DIRECTORY);
	locks = store_locks_new(1, 0);
	struct store_pin *at = calloc(count, sizeof *at);
	char(*names)[NAME_ROOM] = calloc(count, sizeof *names),
	(*uids)[NAME_ROOM] = calloc(count, sizeof *uids);
	if (root < 0 || !locks || !at || !names || !uids ||
	    mkdirat(root, "Maildir", 0700) < 0 ||
	    mkdirat(root, "Maildir/new", 0700) < 0 ||
	    mkdirat(root, "Maildir/cur", 0700) < 0)
		give_up(argv[1]);
	for (unsigned i = 0; i < count; i++) {
		put(i);
		name_of(i, names[i]);
		snprintf(uids[i], NAME_ROOM, "UID%u-1700000000", i + 1);
		at[i].key = span_of(names[i]);
		at[i].uid = span_of(uids[i]);
	}
	measure_all("without a register");
	pin_all(at);
	pin_all(at);
	measure_all("with a register");
	return 0;
}
