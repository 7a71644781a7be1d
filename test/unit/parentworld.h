/* test/unit/parentworld.h - poplard in a faked world: processes, signals, clock, users
 * of the system and listening sockets are tables here, linked by --wrap.
 */
#pragma once

#include "../scratch.h"
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/own.h"
#include "parent/brief.h"
#include "parent/generation.h"
#include "parent/parent.h"
#include "parent/ports.h"
#include "parent/supervise.h"
#include "parent/tickets.h"
#include "parent/workers.h"
#include "sys/logsink.h"
#include "sys/proc.h"
#include "sys/sock.h"

enum { CHILDREN_MAX = 64, KILLS_MAX = 64, FIRST_PID = 1000000 };

/* A process that poplard believes to have started. */
struct child {
	enum role role;
	pid_t pid;
	struct ids ids;
	bool change_ids;
	int channel; /* the child's end; -1: it is gone */
};

static struct world {
	struct parent p;
	char dir[64], config[96];
	uint64_t now_ms;  /* CLOCK_MONOTONIC */
	uint64_t tick_ms; /* how far each look at it moves it */
	int64_t wall_s;   /* time(2); 0: the machine's */
	bool as_root, fork_fails, random_fails;
	bool as_tester;   /* poplard's user is the one who runs the test */
	int listen_error; /* errno of sock_listen; 0: it succeeds */
	unsigned listens, listens_most; /* 0: any number can be opened */
	struct child children[CHILDREN_MAX];
	struct message_history heard[CHILDREN_MAX]; /* what each child has heard */
	unsigned count;
	struct {
		pid_t pid;
		int signal;
	} kills[KILLS_MAX];
	unsigned killed;
	log_sink_fn *listener;
} world;

/* ---- the faked calls ---- */

pid_t __wrap_proc_start(const struct proc_start *start);
uint64_t __wrap_proc_started_at(pid_t pid);
int __wrap_kill(pid_t pid, int signal);
int __real_kill(pid_t pid, int signal);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __real_clock_gettime(clockid_t clock, struct timespec *out);
time_t __wrap_time(time_t *out);
uid_t __wrap_geteuid(void);
gid_t __wrap_getegid(void);
struct passwd *__wrap_getpwnam(const char *name);
struct group *__wrap_getgrnam(const char *name);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);
enum fault __wrap_sock_listen(const struct sock_address *address, int *out_fd,
			      struct why *why);
void __wrap_logsink_listen(log_sink_fn *listener);

pid_t __wrap_proc_start(const struct proc_start *start)
{
	struct child *c = &world.children[world.count];
	enum role role = 0;

	if (world.fork_fails) {
		errno = EAGAIN;
		return -1;
	}
	CHECK(world.count < CHILDREN_MAX);
	while (strcmp(role_name(role), start->name) != 0)
		role++;
	CHECK_EQ(start->exe, world.p.exe[role]);
	*c = (struct child){ .role = role,
			     .pid = FIRST_PID + (pid_t)world.count,
			     .ids = { start->uid, start->gid },
			     .change_ids = start->change_ids,
			     .channel = dup(start->channel) };
	world.count++;
	return c->pid;
}

uint64_t __wrap_proc_started_at(pid_t pid)
{
	return (uint64_t)pid * 10;
}

int __wrap_kill(pid_t pid, int signal)
{
	if (pid < FIRST_PID)
		return __real_kill(pid, signal);
	CHECK(world.killed < KILLS_MAX);
	world.kills[world.killed].pid = pid;
	world.kills[world.killed++].signal = signal;
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, out);
	*out = (struct timespec){ (time_t)(world.now_ms / 1000),
				  (long)(world.now_ms % 1000) * 1000000 };
	world.now_ms += world.tick_ms;
	return 0;
}

time_t __wrap_time(time_t *out)
{
	struct timespec now;

	(void)out;
	__real_clock_gettime(CLOCK_REALTIME, &now);
	return world.wall_s ? world.wall_s : now.tv_sec;
}

uid_t __wrap_geteuid(void)
{
	if (world.as_tester)
		return getuid();
	return world.as_root ? 0 : 1000;
}

gid_t __wrap_getegid(void)
{
	return world.as_root ? 0 : 1001;
}

struct passwd *__wrap_getpwnam(const char *name)
{
	static const struct {
		const char *name;
		uid_t uid;
		gid_t gid;
	} users[] = {
		{ "root", 0, 0 },
		{ "poplar-front", 101, 201 },
		{ "poplar-auth", 102, 202 },
		{ "poplar-mail", 103, 203 },
		{ "ldap", 104, 204 },
	};
	static struct passwd found;

	for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
		if (strcmp(name, users[i].name) == 0) {
			found = (struct passwd){ .pw_uid = users[i].uid,
						 .pw_gid = users[i].gid };
			return &found;
		}
	}
	return NULL;
}

struct group *__wrap_getgrnam(const char *name)
{
	static struct group shadow = { .gr_gid = 42 };

	return strcmp(name, "shadow") == 0 ? &shadow : NULL;
}

/* Different octets each time. */
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags)
{
	static char next = 'a';

	(void)flags;
	if (world.random_fails) {
		errno = ENOSYS;
		return -1;
	}
	memset(out, next++, len);
	return (ssize_t)len;
}

enum fault __wrap_sock_listen(const struct sock_address *address, int *out_fd,
			      struct why *why)
{
	(void)address;
	if (world.listen_error ||
	    (world.listens_most && world.listens == world.listens_most))
		return fault_set(why, FAULT_IO,
				 world.listen_error ? world.listen_error : EMFILE,
				 "listen on", "it");
	world.listens++;
	*out_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return FAULT_NONE;
}

void __wrap_logsink_listen(log_sink_fn *listener)
{
	world.listener = listener;
}

static void world_log(int priority, struct span line)
{
	peer_log_line(priority, line);
	if (world.listener)
		world.listener(priority, line);
}

static char world_lines[1024]; /* of syslog(3), as "PRIORITY:text" */

void __wrap_syslog(int priority, const char *format, ...);
void __wrap___syslog_chk(int priority, int flag, const char *format, ...);

static void world_take_line(int priority, const char *line)
{
	const size_t len = strlen(world_lines);

	snprintf(world_lines + len, sizeof world_lines - len, "%d:%s\n", priority,
		 line);
}

void __wrap_syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	CHECK_TEXT(format, "%s");
	world_take_line(priority, va_arg(args, const char *));
	va_end(args);
}

void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	CHECK_TEXT(format, "%s");
	world_take_line(priority, va_arg(args, const char *));
	va_end(args);
}

/* ---- setting it up ---- */

static inline void world_file(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", world.dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Write a configuration without TLS, with one port and one front. `more` may give any
 * of these settings another value. */
static inline void world_configure(const char *more)
{
	static const struct {
		const char *name, *value; /* a path is one in the world's folder */
		bool is_path;
	} standard[] = {
		{ "listen-tls =", "{}", false },
		{ "listen =", "{\"127.0.0.1:110\"}", false },
		{ "fronts =", "1", false },
		{ "mail-root =", "/mail", true },
		{ "users =", "/auth/users", true },
		{ "run-dir =", "/run", true },
	};
	char text[4096] = "", line[256];

	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++) {
		snprintf(line, sizeof line, "%s %s%s\n", standard[i].name,
			 standard[i].is_path ? world.dir : "", standard[i].value);
		if (!strstr(more, standard[i].name))
			strcat(text, line);
	}
	strcat(text, more);
	world_file("poplar.conf", text);
}

static inline void world_mkdir(const char *name)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", world.dir, name);
	CHECK_EQ(mkdir(path, 0700), 0);
}

/* poplard before its first generation. */
static inline void world_begin(const char *more)
{
	world = (struct world){ .now_ms = 1000000, .dir = "/tmp/poplar-parent-XXXXXX" };
	world.p = (struct parent){ .relay = -1, .control = -1, .watch = -1 };
	CHECK(mkdtemp(world.dir));
	snprintf(world.config, sizeof world.config, "%s/poplar.conf", world.dir);
	world.p.config = world.config;
	world_mkdir("mail");
	world_mkdir("auth");
	world_mkdir("run");
	world_configure(more);
	for (enum role role = ROLE_FRONT; role < ROLE_TOOL; role++)
		world.p.exe[role] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char run[80];
	snprintf(run, sizeof run, "%s/run", world.dir);
	world.p.run_dir = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	world.p.log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	CHECK_EQ(connlimit_make(&world.p.connlimit_fd, NULL), FAULT_NONE);
	CHECK(connlimit_open(&world.p.connlimit, world.p.connlimit_fd, 0));
	CHECK(tickets_begin(&world.p, world.now_ms));
	peer_log_begin();
	log_to(world_log);
	log_level(LOG_DEBUG);
}

static inline int world_remove(const char *path, const struct stat *st, int kind,
			       struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

/* Everything has ended; what poplard holds is freed by its own code. */
static inline void world_end(void)
{
	struct parent *p = &world.p;

	for (struct generation *g = p->generations; g; g = g->next) {
		g->draining = true;
		for (struct worker *k = g->workers; k; k = k->next)
			k->pid = 0;
	}
	generation_drop_empty(p);
	CHECK(!p->generations);
	ports_close_unwanted(p);
	CHECK(!p->ports);
	connlimit_close(&p->connlimit);
	close(p->connlimit_fd);
	for (enum role role = ROLE_FRONT; role < ROLE_TOOL; role++)
		close(p->exe[role]);
	close(p->run_dir);
	close(p->log);
	own_fd_close(&p->watch);
	own_fd_close(&p->control);
	for (unsigned i = 0; i < world.count; i++)
		own_fd_close(&world.children[i].channel);
	CHECK_EQ(scratch_remove(world.dir), 0);
}

/* ---- children ---- */

/* Child number `nth` (from 0) of this role, in the order of their starts. */
static inline struct child *world_child(enum role role, unsigned nth)
{
	for (unsigned i = 0; i < world.count; i++)
		if (world.children[i].role == role && nth-- == 0)
			return &world.children[i];
	fail_msg("%s was not started so often", role_name(role));
	return NULL;
}

/* Is this process in the state file? */
static inline bool world_lists(const struct child *c)
{
	char path[96], line[160], words[64];
	bool found = false;

	snprintf(path, sizeof path, "%s/run/state", world.dir);
	snprintf(words, sizeof words, "%s %d ", role_name(c->role), (int)c->pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		found = found || strncmp(line, words, strlen(words)) == 0;
	if (f)
		fclose(f);
	return found;
}

static inline unsigned world_starts(enum role role)
{
	unsigned starts = 0;

	for (unsigned i = 0; i < world.count; i++)
		starts += world.children[i].role == role;
	return starts;
}

static inline struct worker *world_worker(const struct child *c)
{
	for (struct generation *g = world.p.generations; g; g = g->next)
		for (struct worker *k = g->workers; k; k = k->next)
			if (k->pid == c->pid)
				return k;
	return NULL;
}

/* The next message to the child, or one whose kind is MESSAGE_COUNT. Its texts last
 * until the next call; its descriptor is in *out_fd, or closed. */
static inline const struct message *world_next(const struct child *c, int *out_fd)
{
	static struct channel_inbox inbox;
	struct message_history *heard = &world.heard[c - world.children];
	struct channel channel = channel_of(c->channel, ROLE_PARENT, c->role);

	channel.heard = *heard;
	const enum channel_got got = channel_receive(&channel, CHANNEL_NOW, &inbox);
	*heard = channel.heard;
	if (got != CHANNEL_MESSAGE)
		inbox = (struct channel_inbox){ .message.kind = MESSAGE_COUNT };
	else if (out_fd)
		*out_fd = inbox.files.at[0];
	else if (inbox.files.count > 0)
		close(inbox.files.at[0]);
	return &inbox.message;
}

/* The names of all messages that wait for the child, with a space behind each. */
static inline const char *world_heard(const struct child *c)
{
	static char names[2048];
	const struct message *m;

	names[0] = '\0';
	while ((m = world_next(c, NULL))->kind != MESSAGE_COUNT) {
		strcat(names, message_name(m->kind));
		strcat(names, " ");
	}
	return names;
}

/* The child sends a message, and poplard hears it. */
static inline void world_say(const struct child *c, const struct message *m)
{
	peer_say(c->channel, m, -1);
	supervise_hear(&world.p, world_worker(c));
}

static inline void world_sandboxed(const struct child *c, enum sandbox sandbox)
{
	const struct message m = { .kind = MESSAGE_SANDBOXED,
				   .SANDBOXED = { (uint64_t)sandbox_landlock_abi(),
						  sandbox, SPAN("rules") } };

	world_say(c, &m);
}

/* All children from number `first` on report their sandboxes; their messages are read.
 */
static inline void world_ready_from(unsigned first)
{
	for (unsigned i = first; i < world.count; i++)
		world_sandboxed(&world.children[i], sandbox_of(world.children[i].role));
	for (unsigned i = 0; i < world.count; i++)
		world_heard(&world.children[i]);
}

/* poplard in service. */
static inline void world_serve(const char *more)
{
	world_begin(more);
	CHECK(generation_start(&world.p));
	world_ready_from(0);
	CHECK(world.p.generations->ready);
}

/* The process dies with this status of wait(2). */
static inline void world_die(struct child *c, int status)
{
	own_fd_close(&c->channel);
	supervise_died(&world.p, c->pid, status);
}

/* Time passes, and poplard does what is due. */
static inline void world_pass(uint64_t ms)
{
	world.now_ms += ms;
	supervise_do_due(&world.p, world.now_ms);
}

static inline bool world_killed(const struct child *c)
{
	for (unsigned i = 0; i < world.killed; i++)
		if (world.kills[i].pid == c->pid && world.kills[i].signal == SIGKILL)
			return true;
	return false;
}
