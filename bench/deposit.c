/* bench/deposit.c - stores messages and does nothing else: what the kernel takes.
 *
 *   deposit -d DIR -u USERS -n MESSAGES -r RECIPIENTS [-t THREADS] [-w WAY]
 *
 * Each message of 4 KB goes to RECIPIENTS of the Maildirs DIR/user1/Maildir ...
 * DIR/userUSERS/Maildir: a file in tmp, fsync(2), a rename into new, fsync of new. All
 * folders are open beforehand. WAY:
 * each: one recipient after the other.
 * together: all files of a message are written; then all are synced, then renamed, then
 * the folders are synced.
 * started: the same, and writing to the disk starts before the first fsync.
 * unnamed: as each, with O_TMPFILE and link(2).
 * unsynced: as each, without any fsync.
 * Prints how many files a second of CPU time it stored.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { OCTETS = 4096, USERS_MAX = 1000, RECIPIENTS_MAX = 100, THREADS_MAX = 64 };
enum way { EACH, TOGETHER, STARTED, UNNAMED, UNSYNCED, WAYS };

static const char *const ways[WAYS] = { "each", "together", "started", "unnamed",
					"unsynced" };

struct maildir {
	int tmp, new;
};

struct file {
	const struct maildir *in;
	int fd;
	char name[64];
};

static struct maildir maildirs[USERS_MAX];
static unsigned users = 32, messages = 1600, recipients = 1, threads = 16;
static enum way way;
static atomic_uint next_message, next_name;
static char text[OCTETS];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_folder(const char *dir, unsigned user, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/user%u/Maildir/%s", dir, user + 1, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

static void sync_one(int fd)
{
	if (way != UNSYNCED && fsync(fd) < 0)
		die("fsync");
}

static void create(struct file *f)
{
	snprintf(f->name, sizeof f->name, "1700000000.M1P1Q%u.host,S=4096",
		 atomic_fetch_add(&next_name, 1));
	f->fd = way == UNNAMED ? openat(f->in->tmp, ".", O_TMPFILE | O_WRONLY, 0600)
			       : openat(f->in->tmp, f->name,
					O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (f->fd < 0 || write(f->fd, text, sizeof text) != sizeof text)
		die(f->name);
	if (way == STARTED && sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE) < 0)
		die("sync_file_range");
}

static void show(struct file *f)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", f->fd);
	if (way == UNNAMED
		    ? linkat(AT_FDCWD, path, f->in->new, f->name, AT_SYMLINK_FOLLOW) < 0
		    : renameat2(f->in->tmp, f->name, f->in->new, f->name,
				RENAME_NOREPLACE) < 0)
		die(f->name);
}

static void store_each(struct file *files)
{
	for (unsigned i = 0; i < recipients; i++) {
		create(&files[i]);
		sync_one(files[i].fd);
		show(&files[i]);
		sync_one(files[i].in->new);
		close(files[i].fd);
	}
}

static void store_together(struct file *files)
{
	for (unsigned i = 0; i < recipients; i++)
		create(&files[i]);
	for (unsigned i = 0; i < recipients; i++)
		sync_one(files[i].fd);
	for (unsigned i = 0; i < recipients; i++)
		show(&files[i]);
	for (unsigned i = 0; i < recipients; i++)
		sync_one(files[i].in->new);
	for (unsigned i = 0; i < recipients; i++)
		close(files[i].fd);
}

static void *work(void *none)
{
	struct file files[RECIPIENTS_MAX];
	unsigned number;

	while ((number = atomic_fetch_add(&next_message, 1)) < messages) {
		for (unsigned i = 0; i < recipients; i++)
			files[i].in = &maildirs[(number + i) % users];
		if (way == TOGETHER || way == STARTED)
			store_together(files);
		else
			store_each(files);
	}
	return none;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void run(void)
{
	pthread_t thread[THREADS_MAX];
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work, NULL) != 0)
			die("thread");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	getrusage(RUSAGE_SELF, &after);
	const double cpu = seconds(after.ru_utime) + seconds(after.ru_stime) -
			   seconds(before.ru_utime) - seconds(before.ru_stime);
	printf("%.0f\n", messages * recipients / cpu);
}

static unsigned number(const char *from, unsigned most)
{
	const unsigned n = (unsigned)atoi(from);

	if (n < 1 || n > most) {
		fprintf(stderr, "deposit: %s is not from 1 to %u\n", from, most);
		exit(1);
	}
	return n;
}

static enum way way_of(const char *name)
{
	for (int w = 0; w < WAYS; w++)
		if (strcmp(name, ways[w]) == 0)
			return (enum way)w;
	fprintf(stderr, "deposit: unknown way %s\n", name);
	exit(1);
}

int main(int argc, char **argv)
{
	const char *dir = ".";
	int option;

	while ((option = getopt(argc, argv, "d:u:n:r:t:w:")) != -1)
		switch (option) {
		case 'd':
			dir = optarg;
			break;
		case 'u':
			users = number(optarg, USERS_MAX);
			break;
		case 'n':
			messages = number(optarg, 1000000);
			break;
		case 'r':
			recipients = number(optarg, RECIPIENTS_MAX);
			break;
		case 't':
			threads = number(optarg, THREADS_MAX);
			break;
		case 'w':
			way = way_of(optarg);
			break;
		default:
			return 1;
		}
	memset(text, 'x', sizeof text);
	for (unsigned i = 0; i < users; i++)
		maildirs[i] = (struct maildir){ open_folder(dir, i, "tmp"),
						open_folder(dir, i, "new") };
	run();
	return 0;
}
