/* Promises of child/threaded: when a link is lost, and when the process ends. */
#include "peer.h"

#include <sys/wait.h>

#include "base/own.h"
#include "child/threaded.h"
#include "sys/proc.h"

/* ---- a process with one link, watched by the test ---- */

enum { LIVES = 7 }; /* the exit status of a process that has not ended by itself */

static struct threaded process;
static struct threaded_link served;
static struct pool_fd *watched; /* the last */
static int peer;
static unsigned lost, freed;
static bool goes_on, is_refused;

bool __wrap_pool_watch(struct pool *pool, struct pool_fd *post);
bool __wrap_pool_watch(struct pool *pool, struct pool_fd *post)
{
	(void)pool;
	watched = is_refused ? NULL : post;
	return !is_refused;
}

void __wrap_pool_again(struct pool *pool, struct pool_fd *post);
void __wrap_pool_again(struct pool *pool, struct pool_fd *post)
{
	(void)pool;
	watched = post;
}

void *__wrap_pool_arg(const struct pool *pool);
void *__wrap_pool_arg(const struct pool *pool)
{
	(void)pool;
	return &process;
}

static bool hear(struct threaded_link *l, struct channel_inbox *in)
{
	(void)l, (void)in;
	return goes_on;
}

static void note_lost(struct threaded_link *l)
{
	CHECK(l == &served);
	lost++;
}

static void note_freed(struct threaded_link *l)
{
	CHECK(l == &served);
	freed++;
}

static const struct threaded_kind kind = {
	.peer = ROLE_AUTH,
	.hear = hear,
	.lost = note_lost,
	.free = note_freed,
};

static void begin(void)
{
	int ours;

	peer_log_begin();
	memset(&process, 0, sizeof process);
	lost = freed = 0;
	goes_on = true;
	process.child.role = ROLE_DROP;
	peer = peer_new(&ours);
	threaded_link_begin(&process, &served, &kind, ours);
}

static void wake(void)
{
	struct pool_fd *post = TAKE(watched);

	CHECK(post);
	post->wake(process.pool, post);
}

static void say(enum message_kind m)
{
	peer_say(peer, &(const struct message){ .kind = m, .LOOKUP_ASK = { 0 } }, -1);
	wake();
}

static void test_a_link_that_closes_is_lost_and_freed_once(void **state)
{
	(void)state;
	begin();
	CHECK_EQ(atomic_load(&process.live), 1);
	close(peer);
	wake();
	CHECK(lost == 1 && freed == 1 && !watched);
	CHECK_EQ(atomic_load(&process.live), 0);
	CHECK_TEXT(peer_log, "");
}

static void test_a_link_that_says_what_it_may_not_say_is_logged_and_lost(void **state)
{
	(void)state;
	begin();
	say(MESSAGE_LOOKUP_ASK); /* not for poplar-drop */
	CHECK(lost == 1 && freed == 1 && !watched);
	CHECK(peer_log_has("event=link-broken peer=poplar-auth message=LOOKUP_ASK"));
	close(peer);
}

static void test_a_link_that_cannot_be_watched_is_lost(void **state)
{
	(void)state;
	is_refused = true;
	begin();
	is_refused = false;
	CHECK(lost == 1 && freed == 1);
	CHECK_EQ(atomic_load(&process.live), 0);
	close(peer);
}

/* ---- the end ---- */

/* How the process ends where this happens to it. */
static int status_of(void (*story)(void))
{
	int status;
	const pid_t pid = fork();

	if (pid == 0) {
		begin();
		story();
		_exit(LIVES);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void last_link_closes(void)
{
	close(peer);
	wake();
}

static void drains_with_a_link(void)
{
	CHECK(threaded_on_drain(&process, NULL, NULL));
}

static void drains_and_last_link_closes(void)
{
	drains_with_a_link();
	last_link_closes();
}

static void drains_without_a_link(void)
{
	last_link_closes();
	drains_with_a_link();
}

/* poplard's end is closed: nobody says DRAIN any more. */
static void poplard_is_gone(void)
{
	int ours;

	last_link_closes();
	const int poplard = peer_new(&ours);
	CHECK_EQ(dup2(ours, PROC_CHANNEL_FD), PROC_CHANNEL_FD);
	close(poplard);
	process.child.parent = channel_of(PROC_CHANNEL_FD, ROLE_PARENT, ROLE_DROP);
	CHECK(threaded_hear_parent(&process, NULL));
	wake();
}

static void a_session_outlives_poplard(void)
{
	threaded_more(&process);
	poplard_is_gone();
}

static void a_session_outlives_the_link(void)
{
	threaded_more(&process);
	drains_and_last_link_closes();
}

static void the_last_session_ends(void)
{
	a_session_outlives_the_link();
	threaded_less(&process);
}

static void test_the_process_ends_when_it_drains_and_nothing_is_left(void **state)
{
	(void)state;
	CHECK_EQ(status_of(last_link_closes), LIVES);
	CHECK_EQ(status_of(drains_with_a_link), LIVES);
	CHECK_EQ(status_of(drains_and_last_link_closes), 0);
	CHECK_EQ(status_of(drains_without_a_link), 0);
	CHECK_EQ(status_of(a_session_outlives_the_link), LIVES);
	CHECK_EQ(status_of(the_last_session_ends), 0);
	CHECK_EQ(status_of(poplard_is_gone), 0);
	CHECK_EQ(status_of(a_session_outlives_poplard), LIVES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_link_that_closes_is_lost_and_freed_once),
		TEST(test_a_link_that_says_what_it_may_not_say_is_logged_and_lost),
		TEST(test_a_link_that_cannot_be_watched_is_lost),
		TEST(test_the_process_ends_when_it_drains_and_nothing_is_left),
	};

	return RUN(tests);
}
