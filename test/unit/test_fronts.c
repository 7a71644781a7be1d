/* Promises of authd/fronts: when a front is heard, and when its link ends. */
#include "memory.h"
#include "peer.h"

#include <pthread.h>
#include <sys/socket.h>

#include "authd/fronts.h"

/* ---- the pool: one watched descriptor, woken by the test ---- */

static _Atomic(struct pool_fd *) watched;
static bool is_for_room, is_refused;

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
	is_for_room = false;
	watched = post;
}

void __wrap_pool_when_writable(struct pool *pool, struct pool_fd *post);
void __wrap_pool_when_writable(struct pool *pool, struct pool_fd *post)
{
	(void)pool;
	is_for_room = true;
	watched = post;
}

/* ---- logins, which answer as often as the test wants ---- */

static struct {
	unsigned heard;   /* messages */
	unsigned answers; /* to each of them */
	bool goes_on;
	uint64_t number; /* of the last link */
	pthread_barrier_t
		*meeting; /* where threads meet that hear; NULL: they do not */
} play;

void logins_link_init(struct logins_link *link, struct logins *logins, int fd,
		      uint64_t number)
{
	*link = (struct logins_link){ .logins = logins, .answers = { .fd = fd } };
	exchanges_init(&link->exchanges);
	play.number = number;
}

bool logins_hear(struct logins_link *link, struct channel_inbox *in)
{
	(void)in;
	if (play.meeting)
		pthread_barrier_wait(play.meeting);
	else
		play.heard++;
	atomic_fetch_add(&link->answers.unread, play.answers);
	return play.goes_on;
}

void recipients_link_init(struct recipients_link *link, struct logins *logins, int fd)
{
	*link = (struct recipients_link){ .logins = logins, .answers = { .fd = fd } };
}

bool recipients_hear(struct recipients_link *link, struct channel_inbox *in)
{
	(void)in;
	play.heard++;
	atomic_fetch_add(&link->answers.unread, play.answers);
	return play.goes_on;
}

/* ---- poplar-auth with one front, or poplar-lmtp ---- */

enum { NUMBER = 77 };

struct world {
	struct threaded process;
	struct logins logins;
	struct fronts fronts;
	struct channel parent; /* poplard's end */
	int front;             /* the front's end, or poplar-lmtp's */
	bool is_lmtp;
};

static void link_to(struct world *w, uint64_t number)
{
	int ours;

	w->front = peer_new(&ours);
	if (w->is_lmtp)
		fronts_link_lmtp(&w->fronts, number, ours);
	else
		fronts_link(&w->fronts, number, ours);
}

static void world_begin(struct world *w)
{
	int ours;

	peer_log_begin();
	memset(w, 0, sizeof *w);
	w->fronts = (struct fronts){ &w->process, &w->logins, 0 };
	memset(&play, 0, sizeof play);
	play.goes_on = true;
	is_for_room = is_refused = false;
	watched = NULL;
	w->parent = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_PARENT);
	w->parent.heard.has_started = true; /* poplar-auth has its sandbox */
	w->process.child.role = ROLE_AUTH;
	w->process.child.parent = channel_of(ours, ROLE_PARENT, ROLE_AUTH);
}

/* The front goes, if its link is still there. */
static void world_end(struct world *w)
{
	struct pool_fd *post = atomic_exchange(&watched, NULL);

	close(w->front);
	if (post)
		post->wake(NULL, post);
	CHECK_EQ(atomic_load(&w->process.live), 0);
	close(w->parent.fd);
	close(w->process.child.parent.fd);
}

static void say(struct world *w)
{
	peer_say(w->front,
		 &(const struct message){ .kind = w->is_lmtp ? MESSAGE_RCPT_ASK
							     : MESSAGE_AUTH_WHICH },
		 -1);
}

static void wake(void)
{
	struct pool_fd *post = atomic_exchange(&watched, NULL);

	CHECK(post);
	post->wake(NULL, post);
}

static void expect_report(struct world *w)
{
	CHECK_EQ(
		peer_hears(&w->parent, MESSAGE_FRONT_BROKEN, NULL)->FRONT_BROKEN.number,
		NUMBER);
	CHECK_EQ(peer_got(&w->parent), CHANNEL_EMPTY);
}

/* ---- promises ---- */

static void test_a_front_that_does_not_read_is_not_heard_until_it_has(void **state)
{
	static const struct {
		unsigned answers;
		bool is_held, is_lmtp;
	} cases[] = { { FRONTS_ANSWERS_MAX - 1, false, false },
		      { FRONTS_ANSWERS_MAX, true, false },
		      { FRONTS_ANSWERS_MAX - 1, false, true },
		      { FRONTS_ANSWERS_MAX, true, true } };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w);
		w.is_lmtp = cases[i].is_lmtp;
		link_to(&w, NUMBER);
		play.answers = cases[i].answers;
		say(&w);
		wake();
		play.answers = 0;
		say(&w);
		wake();
		CHECK_EQ(play.heard, 2);
		CHECK_EQ(is_for_room, cases[i].is_held);
		say(&w);
		wake(); /* there is room again, or the message */
		CHECK_EQ(play.heard, cases[i].is_held ? 2 : 3);
		CHECK(!is_for_room);
		if (cases[i].is_held)
			wake();
		CHECK_EQ(play.heard, 3);
		world_end(&w);
	}
}

static void test_a_link_that_ends_is_reported_and_freed_once(void **state)
{
	struct world w;

	(void)state;
	for (int i = 0; i < 4; i++) {
		const bool is_broken = i & 1;

		world_begin(&w);
		w.is_lmtp = i & 2;
		link_to(&w, NUMBER);
		CHECK_EQ(atomic_load(&w.process.live), 1);
		if (is_broken) {
			play.goes_on = false;
			say(&w);
			wake();
			expect_report(&w);
			CHECK_EQ(atomic_load(&w.process.live), 1); /* still watched */
			wake();
		} else {
			shutdown(w.front, SHUT_RDWR);
			wake();
			expect_report(&w);
		}
		CHECK(!atomic_load(&watched));
		CHECK_EQ(atomic_load(&w.process.live), 0);
		CHECK_EQ(peer_got(&w.parent), CHANNEL_EMPTY);
		world_end(&w);
	}
}

static void test_a_link_that_cannot_be_is_reported(void **state)
{
	struct world w;

	(void)state;
	for (int i = 0; i < 4; i++) {
		const bool has_memory = i & 1;

		world_begin(&w);
		w.is_lmtp = i & 2;
		is_refused = true;
		memory_left = has_memory ? MEMORY_ENOUGH : 0;
		link_to(&w, NUMBER);
		memory_left = MEMORY_ENOUGH;
		struct channel front = channel_of(w.front, ROLE_AUTH, ROLE_FRONT);
		CHECK_EQ(peer_got(&front), CHANNEL_CLOSED);
		expect_report(&w);
		world_end(&w);
	}
}

static void test_no_two_links_have_the_same_number(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	for (uint64_t i = 0; i < 3; i++) {
		link_to(&w, NUMBER);
		CHECK_EQ(play.number, i);
		close(w.front);
		wake();
		expect_report(&w);
	}
	link_to(&w, NUMBER);
	world_end(&w);
}

/* ---- threads that share a link ---- */

enum { THREADS = 3 };

static void *serve(void *arg)
{
	struct pool_fd *post = arg;

	post->wake(NULL, post);
	return NULL;
}

/* A thread is woken as soon as the one before it watches the link again. */
static void begin_thread(pthread_t *out)
{
	struct pool_fd *post;

	while (!(post = atomic_exchange(&watched, NULL)))
		sched_yield();
	CHECK_EQ(pthread_create(out, NULL, serve, post), 0);
}

/* Each thread hears one message; all of them find at once that the link must end. */
static void test_threads_that_share_a_link_report_and_free_it_once(void **state)
{
	pthread_barrier_t meeting;
	pthread_t threads[THREADS];
	struct world w;

	(void)state;
	world_begin(&w);
	link_to(&w, NUMBER);
	CHECK_EQ(pthread_barrier_init(&meeting, NULL, THREADS), 0);
	play.meeting = &meeting;
	play.goes_on = false;
	for (int i = 0; i < THREADS; i++) {
		say(&w);
		begin_thread(&threads[i]);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	expect_report(&w);
	CHECK_EQ(atomic_load(&w.process.live), 1); /* the watch still uses the link */
	wake();
	CHECK(!atomic_load(&watched));
	CHECK_EQ(atomic_load(&w.process.live), 0);
	CHECK_EQ(peer_got(&w.parent), CHANNEL_EMPTY);
	pthread_barrier_destroy(&meeting);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_front_that_does_not_read_is_not_heard_until_it_has),
		TEST(test_a_link_that_ends_is_reported_and_freed_once),
		TEST(test_a_link_that_cannot_be_is_reported),
		TEST(test_no_two_links_have_the_same_number),
		TEST(test_threads_that_share_a_link_report_and_free_it_once),
	};

	return RUN(tests);
}
