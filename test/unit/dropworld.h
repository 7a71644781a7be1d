/* test/unit/dropworld.h - a poplar-drop whose pool, peer and shortages are the test's,
 * with maildrops in a temporary folder. Its tests are linked with --wrap for the calls
 * below. */
#pragma once

#include "../scratch.h"
#include "peer.h"
#include "site.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/own.h"
#include "dropd/life.h"

static struct {
	struct pool_fd *post; /* what the pool watches; NULL: nothing */
	struct dropd dropd;
	char path[64];       /* of the folder that has the maildrops */
	struct channel peer; /* poplar-front's or poplar-lmtp's end */
	bool lacks_memory;   /* calloc fails */
	bool lacks_watches;  /* the pool watches nothing more */
	bool lacks_pages;    /* the file system has no RWF_NOWAIT */
} world;

/* ---- the pool ---- */

bool __wrap_pool_watch(struct pool *pool, struct pool_fd *post);
bool __wrap_pool_watch(struct pool *pool, struct pool_fd *post)
{
	(void)pool;
	CHECK(!world.post);
	if (!world.lacks_watches)
		world.post = post;
	return !world.lacks_watches;
}

void __wrap_pool_again(struct pool *pool, struct pool_fd *post);
void __wrap_pool_again(struct pool *pool, struct pool_fd *post)
{
	CHECK(__wrap_pool_watch(pool, post));
}

/* What the pool watches hears what is there. Returns whether it is watched again. */
static inline bool wake(void)
{
	struct pool_fd *post = TAKE(world.post);

	CHECK(post);
	post->wake(NULL, post);
	return world.post != NULL;
}

/* ---- shortages ---- */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return world.lacks_memory ? NULL : __real_calloc(count, size);
}

ssize_t __real_preadv64v2(int fd, const struct iovec *v, int count, off_t at,
			  int flags);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *v, int count, off_t at,
			  int flags);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *v, int count, off_t at, int flags)
{
	struct stat st;

	CHECK_EQ(count, 1);
	if (!world.lacks_pages || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return __real_preadv64v2(fd, v, count, at, flags);
	errno = EOPNOTSUPP;
	return -1;
}

/* ---- the process ---- */

static inline void drop_begin(void)
{
	struct dropd *d = &world.dropd;

	peer_log_begin();
	memset(&world, 0, sizeof world);
	site_begin(&d->threaded.child.settings);
	strcpy(world.path, "/tmp/poplar-drop-XXXXXX");
	CHECK(mkdtemp(world.path));
	d->root = open(world.path, O_PATH | O_DIRECTORY);
	d->locks = store_locks_new(4, 0);
	d->boot = 1;
	CHECK(d->root >= 0 && d->locks && mkdirat(d->root, "u", 0700) == 0);
}

static inline void drop_end(void)
{
	struct dropd *d = &world.dropd;

	CHECK_EQ(atomic_load(&d->sessions), 0);
	CHECK_EQ(atomic_load(&d->threaded.live), 0);
	CHECK(!world.post);
	settings_done(&d->threaded.child.settings);
	store_locks_free(d->locks);
	free(d->warning.text);
	close(d->root);
	CHECK_EQ(scratch_remove(world.path), 0);
}

/* ---- the peer ---- */

/* The peer says this. Returns whether the code under test goes on. */
static inline bool say(struct message m, int pass)
{
	peer_say(world.peer.fd, &m, pass);
	return wake();
}

/* The peer goes. */
static inline void end(void)
{
	own_fd_close(&world.peer.fd);
	if (world.post)
		CHECK(!wake());
}

/* The peer is told of the fault. */
static inline void check_told(enum fault f)
{
	CHECK_EQ(peer_hears(&world.peer, MESSAGE_FAILED, NULL)->FAILED.fault, f);
}
