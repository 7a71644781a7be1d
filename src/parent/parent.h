/* parent/parent.h - the state of poplard, which its files share.
 *
 * poplard has one thread, which sleeps in poll(2) most of the time. A reload adds a new
 * generation of workers beside the old one, which serves its sessions to their end.
 */
#pragma once

#include <sys/types.h>

#include "base/roles.h"
#include "certificate/certificates.h"
#include "config/settings.h"
#include "ipc/channel.h"
#include "sys/connlimit.h"
#include "sys/ids.h"
#include "sys/localsock.h"
#include "sys/logsink.h"
#include "sys/sandbox.h"

/* One child: a process, or the plan to start one (again). Times are of clock_ms(). */
struct worker {
	struct worker *next;
	struct generation *generation;
	enum role role;
	struct ids ids;
	bool standard; /* it is the maildrop process of mail-user, which does not end
			  when idle */
	unsigned database; /* of a lookup process: the number of its database */
	uint64_t number;   /* the number of this start, by which poplar-auth names the
			      process */
	bool ready;        /* the process has sent SANDBOXED */
	bool leaving;      /* of a maildrop process: it was told to end, and gets no new
			      session */
	pid_t pid;         /* 0: it does not run */
	struct channel channel; /* fd -1: it does not run, or its channel is broken */
	int abi;                /* version of Landlock in its SANDBOXED; 0: none */
	enum sandbox sandbox;   /* the sandbox in its SANDBOXED */
	uint64_t started_at;
	uint64_t start_at; /* when to start it (again); 0: do not */
	int column;     /* of a front or poplar-lmtp: its column in the connection limit
			 * table; -1:     none */
	unsigned quick; /* how many deaths in a row came soon after a start */
};

/* Does the process get ports, certificates and ticket keys? */
static inline bool worker_listens(const struct worker *k)
{
	return k->role == ROLE_FRONT || k->role == ROLE_LMTP;
}

/* The workers of one reading of the configuration. */
struct generation {
	struct generation *next; /* an older one */
	unsigned number;
	struct settings settings;
	struct ids ids[ROLE_COUNT]; /* of the children, by role */
	struct ids lookup_ids[DATABASES_MAX];
	struct ids socket_ids;          /* owner of the Unix sockets of listen-lmtp */
	int lookup_dirs[DATABASES_MAX]; /* given to lookup processes; -1: none */
	int mail_root, users_dir;
	bool ready;    /* in service: every worker has been ready, and fronts and
			  poplar-lmtp have the ports */
	bool draining; /* its processes end when their sessions have ended */
	struct worker *workers;
	struct certificates certificates;
};

/* A listening socket. */
struct port {
	struct port *next;
	int fd;
	enum setting_id list;       /* the setting that names it */
	char *name;                 /* as the setting spells it */
	bool is_local;              /* a Unix socket, whose path is the name */
	struct localsock_file file; /* of a Unix socket */
};

struct parent {
	const char *config; /* path of poplar.conf */
	bool is_root;
	int exe[ROLE_COUNT]; /* executables of the children */
	int run_dir, signals;
	int relay;   /* socket with the log lines of the children; -1: the log is not
			syslog */
	int control; /* listening socket for the tool; -1: none */
	int log;     /* where children write their log lines */
	enum logsink_kind log_kind;
	struct generation *generations; /* newest first */
	unsigned numbers;               /* generations so far */
	uint64_t lives;                 /* processes started so far */
	struct port *ports;
	bool stopping;
	bool failed;        /* the first generation has not become ready */
	int failure;        /* exit status for a first generation that cannot start */
	uint64_t reloads;   /* reloads that have begun since poplard started */
	bool reload_wanted; /* begin another reload after the one under way */
	uint64_t kill_at;   /* while stopping: when the children are killed, ms */
	uint64_t rotate_at; /* when the ticket keys change, ms */
	char keys[2][80]; /* keys of TLS tickets: the present one, and the one before */
	bool has_before;  /* keys[1] is valid */
	int watch;        /* inotify on directories with TLS files; -1: none */
	uint64_t renew_at;  /* when to read the TLS files again, ms; 0: no need */
	uint64_t review_at; /* when to check the age of certificates, ms */
	int connlimit_fd; /* connection limit table; fronts and poplar-lmtp share it */
	struct connlimit connlimit;
	struct channel_inbox inbox;
};
