/* parent/parent.h - what the files of poplard share.
 *
 * One thread, almost always asleep. A reload makes a new generation of
 * children beside the old one, which serves its sessions to their end.
 */
#pragma once

#include <sys/types.h>

#include "base/roles.h"
#include "certificate/certificates.h"
#include "config/settings.h"
#include "ipc/channel.h"
#include "rundir/control.h"
#include "sys/connlimit.h"
#include "sys/logsink.h"
#include "sys/sandbox.h"

struct ids {
	uid_t uid;
	gid_t gid;
};

/* A child: a process, or what is to become one again. */
struct worker {
	struct worker *next;
	struct generation *generation;
	enum role role;
	struct ids ids;
	bool standard;       /* a maildrop process: mail-user's */
	unsigned database;   /* poplar-lookup: which one it asks */
	uint64_t number;     /* of this life; poplar-auth names it by that */
	bool ready;          /* it has said that its walls stand */
	bool leaving;        /* a maildrop process: ends, and is not asked any more */
	pid_t pid;           /* 0: not running */
	int channel;         /* -1: not running */
	int abi;             /* of Landlock, as it reported */
	enum sandbox box;    /* the same */
	uint64_t started_at; /* ms */
	uint64_t start_at;   /* when to start it (again), ms */
	int column;          /* where a front counts connections; -1: nowhere */
	unsigned quick;      /* deaths in a row soon after a start */
};

struct generation {
	struct generation *next;
	unsigned number;
	struct settings settings;
	struct ids ids[ROLE_COUNT]; /* of the children */
	struct ids lookup_ids[DATABASES_MAX];
	int lookup_dirs[DATABASES_MAX]; /* -1: its processes need none */
	int mail_root, users_dir;
	bool ready;    /* every child has been */
	bool draining; /* its children end with their sessions */
	struct worker *workers;
	struct certificates certificates;
};

struct port {
	struct port *next;
	int fd;
	bool tls;
	char *name; /* as in the settings */
};

struct parent {
	const char *config;
	bool is_root;
	int exe[ROLE_COUNT];
	int run_dir, signals,
		relay; /* relay: syslog lines from the children; -1: none */
	int control;   /* listening socket for the operator's tool; -1: none */
	int log;       /* where children write their lines */
	enum logsink_kind log_kind;
	struct generation *generations; /* newest first */
	unsigned numbers;
	uint64_t lives; /* of children, ever */
	struct port *ports;
	bool stopping;
	bool failed;        /* the first generation did not come up */
	int failure;        /* what poplard ends with where it did not start */
	uint64_t reloads;   /* begun since the start */
	bool reload_wanted; /* when the one under way is done */
	uint64_t kill_at;   /* while stopping */
	uint64_t rotate_at; /* ticket keys, ms */
	char keys[2][80];   /* now, before */
	bool has_before;
	int watch;          /* inotify, over the files of TLS; -1: none */
	uint64_t renew_at;  /* when they are to be read again, ms; 0: not */
	uint64_t review_at; /* when they are looked at for their age, ms */
	int connlimit_fd;   /* connections by address, for all fronts */
	struct connlimit connlimit;
	struct channel_inbox inbox;
};

/* ---- parent/generation.c: which children there are to be ---- */

/* What poplard ends with, as sysexits.h has it: only EXIT_CONFIG tells that starting it
 * again is of no use while nobody changes something. */
enum { EXIT_USAGE = 64, EXIT_CONFIG = 78 };

/* Read the configuration and start a generation by it. False: it has been said why not,
 * and p->failure tells what to end with where there is no other. */
MUST_USE bool generation_start(struct parent *p);

/* Every child is ready: the fronts begin to listen, and older generations drain. */
void generation_check(struct parent *p, struct generation *g);

/* A child died before its generation was ready. */
void generation_failed(struct parent *p, struct generation *g);
void generation_drop_empty(struct parent *p);

/* ---- parent/reloads.c: SIGHUP ---- */

/* Be ready to tell what comes of reloads. */
void reload_open(struct parent *p);
/* Read the configuration anew: at once, or when the reload under way is done. */
void reload_begin(struct parent *p);
void reload_do_due(struct parent *p);
/* What came of the one under way, if any is. */
void reload_done(struct parent *p);
void reload_refused(struct parent *p);

/* ---- parent/workers.c: one child ---- */

struct worker *worker_new(struct generation *g, enum role role, struct ids ids);
void worker_start(struct parent *p, struct worker *k);
void worker_tell(const struct worker *k, enum message_kind kind);
void worker_say(const struct worker *k, const struct message *m, int pass);

/* The listening sockets that its generation wants. */
void worker_tell_ports(const struct parent *p, const struct worker *k);

/* Certificates and keys, and the ticket keys that belong to what is made of them. */
void worker_tell_tls(const struct parent *p, const struct worker *k);
void worker_tell_ticket_keys(const struct parent *p, const struct worker *k);
void worker_hear(struct parent *p, struct worker *k);

/* The process `pid` has ended with `status` of wait(2). */
void workers_died(struct parent *p, pid_t pid, int status);
void workers_start_due(struct parent *p, uint64_t now);

/* Give a child and poplar-auth a channel to each other. */
void worker_link_to_auth(const struct worker *k, const struct worker *auth);

/* ---- parent/drops.c: the processes that keep mail ---- */

/* poplar-auth wants the one of a uid and gid; a maildrop process says IDLE. */
void drop_wanted(struct parent *p, struct worker *auth,
		 const struct message_DROP_WANTED *m);
void drop_idle(const struct parent *p, struct worker *k);
/* One has died and is to be started again: poplar-auth hears it, if that takes time. */
void drop_tell_late(const struct worker *k);

/* ---- parent/lookups.c: the processes that ask databases ---- */

/* Whom and where they work, and the processes themselves. False: it has been said why
 * there can be none. */
MUST_USE bool lookup_plan(const struct parent *p, struct generation *g);
/* What poplar-auth is to know of the databases; what a process of one is to know. */
void lookup_tell_auth(const struct worker *auth);
void boards_tell_auth(const struct worker *auth);
void lookup_tell(const struct worker *k);
/* poplar-auth gave up on one: end it; it is started again as one that died. */
void lookup_broken(const struct worker *auth, uint64_t number);

/* ---- parent/ports.c: listening sockets ---- */

/* Open what the generation wants and is not open yet. False: it has been said why not.
 */
MUST_USE bool ports_open(struct parent *p, const struct generation *g);
/* Does the generation want this one? */
bool ports_wants(const struct generation *g, const struct port *port);
/* Close what no generation wants that is there to stay. */
void ports_close_unwanted(struct parent *p);

/* ---- parent/renewal.c: the files of TLS ---- */

/* Read them for a new generation. False: it has been said why not. */
MUST_USE bool renewal_begin(struct parent *p, struct generation *g);

/* Watch the directories that they lie in; what is heard of them. */
void renewal_watch(struct parent *p);
void renewal_heard(struct parent *p);

/* Read them again, say what expires; and when (ms) there is something to do next. */
void renewal_do_due(struct parent *p, uint64_t now);
uint64_t renewal_next_due(const struct parent *p);

/* ---- parent/state.c: the run directory ---- */

/* Open and lock it, and end what a killed poplard left behind. False: said why not. */
MUST_USE bool state_open(struct parent *p, const struct settings *s);
void state_write(const struct parent *p);

/* ---- parent/control.c: the operator's tool ---- */

/* Listen for it in the run directory; what fails is logged. */
void control_open(struct parent *p);
/* Hand who has come to poplar-auth, which answers. */
void control_accept(struct parent *p);
