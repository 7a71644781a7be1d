/* Promises of sys/loop: deadlines in their order, nobody woken who has left. */
#include "check.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/loop.h"

/* ---- deadlines ---- */

enum { TIMERS = 200 };

struct alarm {
	struct loop_timer timer;
	struct loop *loop;
	bool wanted, rang;
};

static struct {
	uint64_t last;
	unsigned rung;
} bell;

static void on_alarm(struct loop_timer *timer)
{
	struct alarm *a = LOOP_OWNER(timer, struct alarm, timer);

	CHECK(a->wanted && !a->rang);
	CHECK(!loop_is_set(timer));
	CHECK(timer->at <= loop_now(a->loop));
	CHECK(timer->at >= bell.last);
	bell.last = timer->at;
	bell.rung++;
	a->rang = true;
}

static void on_end(struct loop_timer *timer)
{
	struct alarm *a = LOOP_OWNER(timer, struct alarm, timer);

	loop_stop(a->loop);
}

static void test_timers_go_off_once_and_in_order(void **state)
{
	static struct alarm alarms[TIMERS];
	struct loop loop;
	uint64_t seed = 1939;
	unsigned wanted = 0;

	(void)state;
	CHECK(loop_init(&loop));
	CHECK(loop_make_room(&loop, TIMERS + 1));
	struct alarm end = { .timer.due = on_end, .loop = &loop };
	for (size_t i = 0; i < TIMERS; i++)
		alarms[i] = (struct alarm){ .timer.due = on_alarm, .loop = &loop };
	for (int step = 0; step < 5000; step++) { /* set, moved and unset */
		struct alarm *a = &alarms[check_random(&seed) % TIMERS];

		a->wanted = check_random(&seed) % 3 > 0;
		if (a->wanted)
			loop_set(&loop, &a->timer,
				 loop_now(&loop) + check_random(&seed) % 30);
		else
			loop_unset(&loop, &a->timer);
		CHECK_EQ(loop_is_set(&a->timer), a->wanted);
	}
	for (size_t i = 0; i < TIMERS; i++)
		wanted += alarms[i].wanted;
	loop_set(&loop, &end.timer, loop_now(&loop) + 31);
	loop_run(&loop);
	CHECK(wanted > 0);
	CHECK_EQ(bell.rung, wanted);
	close(loop.epoll);
	free(loop.heap);
}

/* ---- descriptors ---- */

struct visitor {
	struct loop_watch watch;
	struct loop *loop;
	struct visitor *other;
	bool sends_away; /* the other, whose event may have come already */
	unsigned woken, events;
};

static void on_visitor(struct loop_watch *watch, unsigned events)
{
	struct visitor *v = (struct visitor *)watch;

	v->woken++;
	v->events = events;
	if (v->sends_away) {
		loop_leave(v->loop, &v->other->watch, NULL);
		close(v->other->watch.fd);
	}
	loop_stop(v->loop);
}

static void two(struct loop *loop, struct visitor v[2], int peers[2])
{
	CHECK(loop_init(loop));
	for (int i = 0; i < 2; i++) {
		int pair[2];

		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		peers[i] = pair[1];
		v[i] = (struct visitor){ .watch = { .fd = pair[0], .wake = on_visitor },
					 .loop = loop,
					 .other = &v[1 - i] };
	}
}

/* Whichever is told first sends the other away, whose event lies behind. */
static void test_whoever_has_left_is_not_woken(void **state)
{
	struct visitor v[2];
	struct loop loop;
	int peers[2];

	(void)state;
	two(&loop, v, peers);
	for (int i = 0; i < 2; i++) {
		v[i].sends_away = true;
		CHECK(loop_watch(&loop, &v[i].watch, LOOP_READ));
		CHECK_EQ(write(peers[i], "x", 1), 1);
	}
	loop_run(&loop);
	CHECK_EQ(v[0].woken + v[1].woken, 1);
	close(v[v[0].woken ? 0 : 1].watch.fd);
	close(peers[0]);
	close(peers[1]);
	close(loop.epoll);
}

static void test_only_what_is_waited_for_comes(void **state)
{
	struct visitor v[2];
	struct loop loop;
	int peers[2];

	(void)state;
	two(&loop, v, peers);
	CHECK(loop_watch(&loop, &v[0].watch, LOOP_READ | LOOP_WRITE));
	CHECK(loop_watch(&loop, &v[0].watch, LOOP_READ));
	CHECK(loop_watch(&loop, &v[0].watch, 0)); /* although there is something */
	CHECK_EQ(write(peers[0], "x", 1), 1);
	CHECK(loop_watch(&loop, &v[1].watch, LOOP_READ | LOOP_WRITE));
	loop_run(&loop);
	CHECK_EQ(v[0].woken, 0);
	CHECK_EQ(v[1].events, LOOP_WRITE);

	close(peers[0]); /* can be read: the end; and written: in vain */
	loop.stopped = false;
	CHECK(loop_watch(&loop, &v[1].watch, 0));
	CHECK(loop_watch(&loop, &v[0].watch, LOOP_READ | LOOP_WRITE));
	loop_run(&loop);
	CHECK_EQ(v[0].events & (LOOP_READ | LOOP_WRITE), LOOP_READ | LOOP_WRITE);
	close(v[0].watch.fd);
	close(v[1].watch.fd);
	close(peers[1]);
	close(loop.epoll);
}

static void test_a_descriptor_that_cannot_be_watched_is_told(void **state)
{
	struct loop_watch watch = { .fd = open("/dev/null", O_RDONLY) };
	struct loop loop;

	(void)state;
	CHECK(loop_init(&loop));
	CHECK(!loop_watch(&loop, &watch, LOOP_READ)); /* epoll takes no such file */
	CHECK_EQ(watch.events, 0);
	close(watch.fd);
	close(loop.epoll);
}

/* Whoever is at work with an owner that has left may look at it to the end of the turn:
 * a sanitizer sees it if it is freed earlier, or never. */
struct guest {
	struct loop_watch watch;
	struct loop *loop;
	int here;
};

static void on_guest(struct loop_watch *watch, unsigned events)
{
	struct guest *g = (struct guest *)watch;

	CHECK(events & LOOP_READ);
	loop_leave(g->loop, &g->watch, g);
	close(g->watch.fd);
	loop_stop(g->loop);
	CHECK_EQ(g->here, 7);
}

static void test_an_owner_is_there_to_the_end_of_the_turn(void **state)
{
	struct guest *g = malloc(sizeof *g);
	struct loop loop;
	int pair[2];

	(void)state;
	CHECK(loop_init(&loop));
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	*g = (struct guest){ { .fd = pair[0], .wake = on_guest }, &loop, 7 };
	CHECK(loop_watch(&loop, &g->watch, LOOP_READ));
	close(pair[1]);
	loop_run(&loop);
	close(loop.epoll);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_timers_go_off_once_and_in_order),
		TEST(test_whoever_has_left_is_not_woken),
		TEST(test_only_what_is_waited_for_comes),
		TEST(test_a_descriptor_that_cannot_be_watched_is_told),
		TEST(test_an_owner_is_there_to_the_end_of_the_turn),
	};

	return RUN(tests);
}
