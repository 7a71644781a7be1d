/* Promises of authd/drops: who waits for a maildrop process, and who does not. */
#include "check.h"
#include "memory.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authd/drops.h"

/* ---- waits, which are counted ---- */

static atomic_uint times_waited;

int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *end);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *end);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *end)
{
	atomic_fetch_add(&times_waited, 1);
	return __real_pthread_cond_timedwait(cond, mutex, end);
}

/* poplar-auth's links to the parent and to maildrop processes, and their other ends. */
struct world {
	struct drops drops;
	int parent;
};

static void world_begin(struct world *w)
{
	int pair[2];

	atomic_store(&times_waited, 0);
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	drops_init(&w->drops, pair[0]);
	w->parent = pair[1];
}

static void world_end(struct world *w)
{
	drops_done(&w->drops);
	close(w->drops.parent);
	close(w->parent);
}

/* A new link to the process of this uid; returns the process's end. */
static int link_to(struct world *w, uint32_t uid, bool standard)
{
	const struct message_DROP_LINK m = { uid, uid, standard };
	int pair[2];

	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	drops_link(&w->drops, &m, pair[0]);
	return pair[1];
}

/* A new link to the process of this uid, which has ended before a login can use it. */
static void lost_link_to(struct world *w, uint32_t uid, bool standard)
{
	const struct message_DROP_LINK m = { uid, uid, standard };
	int pair[2];

	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	close(pair[1]);
	drops_link(&w->drops, &m, pair[0]);
}

static struct user user_of(uint32_t uid)
{
	return (struct user){
		.has_uid = true, .has_gid = true, .uid = uid, .gid = uid
	};
}

static const struct user nobodys = { 0 }; /* whose mail is mail-user's */

static enum fault grant(struct world *w, const struct user *user, struct span name)
{
	const struct message m = { .kind = MESSAGE_GRANT, .GRANT = { .user = name } };
	struct why why = { 0 };
	int pair[2];

	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	enum fault f = drops_send(&w->drops, user, &m, pair[0], &why);
	CHECK_EQ(why.fault, f);
	CHECK_EQ(why.sys, 0);
	close(pair[0]);
	close(pair[1]);
	return f;
}

/* The process at `fd` has been sent a GRANT for this name. */
static void expect_grant(int fd, const char *name)
{
	struct channel auth = channel_of(fd, ROLE_AUTH, ROLE_DROP);
	struct channel_inbox inbox;

	CHECK_EQ(channel_receive(&auth, CHANNEL_NOW, &inbox), CHANNEL_MESSAGE);
	CHECK_SPAN(inbox.message.GRANT.user, name);
	close(inbox.files.at[0]);
}

/* Waits until poplar-auth asks for the process of this uid. */
static void expect_wanted(struct world *w, uint32_t uid)
{
	struct channel auth = channel_of(w->parent, ROLE_AUTH, ROLE_PARENT);
	struct channel_inbox inbox;

	auth.heard.has_started = true;
	CHECK_EQ(channel_receive(&auth, CHANNEL_WAIT, &inbox), CHANNEL_MESSAGE);
	CHECK_EQ(inbox.message.kind, MESSAGE_DROP_WANTED);
	CHECK_EQ(inbox.message.DROP_WANTED.uid, uid);
}

/* ---- a login in a thread of its own ---- */

struct login {
	struct world *world;
	struct user user;
	enum fault said;
	pthread_t thread;
};

static void *log_in(void *arg)
{
	struct login *l = arg;

	l->said = grant(l->world, &l->user, SPAN("waits"));
	return NULL;
}

static void login_begin(struct login *l, struct world *w, uint32_t uid)
{
	*l = (struct login){ .world = w, .user = uid ? user_of(uid) : nobodys };
	CHECK_EQ(pthread_create(&l->thread, NULL, log_in, l), 0);
}

static enum fault login_end(struct login *l)
{
	pthread_join(l->thread, NULL);
	return l->said;
}

/* Until so many threads wait for processes that are late. */
static void until_waiting(struct world *w, unsigned count)
{
	for (unsigned waiting = count + 1; waiting != count; sched_yield()) {
		pthread_mutex_lock(&w->drops.mutex);
		waiting = w->drops.waiters;
		pthread_mutex_unlock(&w->drops.mutex);
	}
}

static void say_late(struct world *w, uint32_t uid)
{
	drops_late(&w->drops, &(const struct message_DROP_LATE){ uid, uid });
}

/* ---- promises ---- */

static void test_a_grant_goes_to_the_users_own_process(void **state)
{
	struct world w;
	const struct user eve = user_of(5);

	(void)state;
	world_begin(&w);
	int standard = link_to(&w, 8, true), own = link_to(&w, 5, false);
	CHECK_EQ(grant(&w, &nobodys, SPAN("alice")), FAULT_NONE);
	CHECK_EQ(grant(&w, &eve, SPAN("eve")), FAULT_NONE);
	expect_grant(standard, "alice");
	expect_grant(own, "eve");
	close(standard);
	close(own);
	world_end(&w);
}

static void test_a_message_that_does_not_fit_costs_its_own_login_and_no_link(
	void **state)
{
	static char octets[256];
	struct world w;

	(void)state;
	world_begin(&w);
	int fd = link_to(&w, 8, true);
	CHECK_EQ(grant(&w, &nobodys, (struct span){ octets, sizeof octets }),
		 FAULT_UNSENDABLE);
	CHECK_EQ(grant(&w, &nobodys, SPAN("alice")), FAULT_NONE);
	expect_grant(fd, "alice");
	close(fd);
	world_end(&w);
}

static void test_nobody_waits_for_a_process_whose_queue_is_full(void **state)
{
	struct world w;
	const struct user eve = user_of(5);
	enum fault f = FAULT_NONE;
	uint64_t sent = 0;

	(void)state;
	world_begin(&w);
	int standard = link_to(&w, 8, true), own = link_to(&w, 5, false);
	for (; f == FAULT_NONE && sent < 100000; sent++)
		f = grant(&w, &eve, SPAN("eve"));
	CHECK_EQ(f, FAULT_LIMIT);
	CHECK_EQ(atomic_load(&times_waited), 0);
	CHECK_EQ(grant(&w, &nobodys, SPAN("alice")), FAULT_NONE);
	expect_grant(own, "eve"); /* it was stopped only: the link is there */
	CHECK_EQ(grant(&w, &eve, SPAN("eve")), FAULT_NONE);
	close(standard);
	close(own);
	world_end(&w);
}

static void test_a_lost_link_is_asked_for_whoevers_process_it_led_to(void **state)
{
	(void)state;
	for (uint32_t uid = 0; uid <= 5; uid += 5) { /* mail-user's, and one's own */
		const uint32_t its = uid ? uid : 8;
		struct login l;
		struct world w;

		world_begin(&w);
		lost_link_to(&w, its, uid == 0);
		login_begin(&l, &w, uid);
		expect_wanted(&w, its);
		int fd = link_to(&w, its, uid == 0);
		CHECK_EQ(login_end(&l), FAULT_NONE);
		expect_grant(fd, "waits");
		close(fd);
		world_end(&w);
	}
}

static void test_one_thread_waits_for_a_process_that_is_late(void **state)
{
	struct world w;
	struct login first;
	const struct user eve = user_of(5);

	(void)state;
	world_begin(&w);
	int standard = link_to(&w, 8, true);
	say_late(&w, 5);
	login_begin(&first, &w, 5);
	until_waiting(&w, 1);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(grant(&w, &eve, SPAN("eve")), FAULT_PEER);
	CHECK_EQ(grant(&w, &nobodys, SPAN("alice")), FAULT_NONE);
	int own = link_to(&w, 5, false);
	CHECK_EQ(login_end(&first), FAULT_NONE);
	expect_grant(own, "waits");
	CHECK_EQ(grant(&w, &eve, SPAN("eve")), FAULT_NONE);
	close(own);
	close(standard);
	world_end(&w);
}

/* However many of them are late, threads are left for others. */
static void test_some_threads_wait_for_no_process_that_is_late(void **state)
{
	struct world w;
	struct login waits[2];
	const struct user third = user_of(7);

	(void)state;
	world_begin(&w);
	w.drops.waiters_max = 2;
	for (uint32_t uid = 5; uid <= 7; uid++)
		say_late(&w, uid);
	for (uint32_t i = 0; i < 2; i++)
		login_begin(&waits[i], &w, 5 + i);
	until_waiting(&w, 2);
	CHECK_EQ(grant(&w, &third, SPAN("third")), FAULT_PEER);
	for (uint32_t i = 0; i < 2; i++) {
		int fd = link_to(&w, 5 + i, false);

		CHECK_EQ(login_end(&waits[i]), FAULT_NONE);
		close(fd);
	}
	world_end(&w);
}

/* Those who wait while it is being started are told when it turns out to be late. */
static void test_all_but_one_stop_waiting_when_it_turns_out_to_be_late(void **state)
{
	enum { LOGINS = 4 };
	struct login logins[LOGINS];
	struct world w;
	int good = 0;

	(void)state;
	world_begin(&w);
	for (int i = 0; i < LOGINS; i++) {
		login_begin(&logins[i], &w, 5);
		expect_wanted(&w, 5);
	}
	say_late(&w, 5);
	until_waiting(&w, 1);
	int fd = link_to(&w, 5, false);
	for (int i = 0; i < LOGINS; i++)
		good += login_end(&logins[i]) == FAULT_NONE;
	CHECK(good >= 1);
	close(fd);
	world_end(&w);
}

static void test_nobody_waits_when_the_parent_is_gone(void **state)
{
	const struct user eve = user_of(5);
	struct world w;

	(void)state;
	world_begin(&w);
	close(w.parent);
	CHECK_EQ(grant(&w, &eve, SPAN("eve")), FAULT_PEER);
	drops_done(&w.drops);
	close(w.drops.parent);
}

static void test_a_refused_process_is_told_and_asked_for_again(void **state)
{
	struct world w;
	struct login l;

	(void)state;
	world_begin(&w);
	for (int i = 0; i < 2; i++) {
		login_begin(&l, &w, 5);
		expect_wanted(&w, 5);
		drops_refused(&w.drops, &(const struct message_DROP_REFUSED){ 5, 5 });
		CHECK_EQ(login_end(&l), FAULT_SETUP);
	}
	world_end(&w);
}

static void test_a_refusal_is_for_all_who_wait(void **state)
{
	enum { LOGINS = 4 };
	struct login logins[LOGINS];
	struct world w;

	(void)state;
	world_begin(&w);
	for (int i = 0; i < LOGINS; i++) {
		login_begin(&logins[i], &w, 5);
		expect_wanted(&w, 5);
	}
	drops_refused(&w.drops, &(const struct message_DROP_REFUSED){ 5, 5 });
	for (int i = 0; i < LOGINS; i++)
		CHECK_EQ(login_end(&logins[i]), FAULT_SETUP);
	world_end(&w);
}

static enum channel_got got(int fd)
{
	static struct channel_inbox inbox;
	struct channel auth = channel_of(fd, ROLE_AUTH, ROLE_DROP);

	return channel_receive(&auth, CHANNEL_NOW, &inbox);
}

/* poplar-auth has asked for nothing more. */
static void expect_no_request(struct world *w)
{
	static struct channel_inbox inbox;
	struct channel auth = channel_of(w->parent, ROLE_AUTH, ROLE_PARENT);

	CHECK_EQ(channel_receive(&auth, CHANNEL_NOW, &inbox), CHANNEL_EMPTY);
}

static void test_a_process_that_leaves_is_replaced_at_the_next_login(void **state)
{
	struct world w;
	struct login l;

	(void)state;
	world_begin(&w);
	drops_leave(&w.drops,
		    &(const struct message_DROP_LEAVES){ 6, 6 }); /* unknown */
	int leaves = link_to(&w, 5, false);
	drops_leave(&w.drops, &(const struct message_DROP_LEAVES){ 5, 5 });
	CHECK_EQ(got(leaves), CHANNEL_CLOSED);
	login_begin(&l, &w, 5);
	expect_wanted(&w, 5);
	int fd = link_to(&w, 5, false);
	CHECK_EQ(login_end(&l), FAULT_NONE);
	expect_grant(fd, "waits");
	close(leaves);
	close(fd);
	world_end(&w);
}

static void test_a_link_ends_with_its_successor_and_with_the_end(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	int first = link_to(&w, 5, false), other = link_to(&w, 6, false);
	int second = link_to(&w, 5, false);
	CHECK_EQ(got(first), CHANNEL_CLOSED);
	CHECK_EQ(got(second), CHANNEL_EMPTY);
	world_end(&w);
	CHECK_EQ(got(second), CHANNEL_CLOSED);
	CHECK_EQ(got(other), CHANNEL_CLOSED);
	close(first), close(second), close(other);
}

static void test_a_process_that_has_come_is_late_no_more(void **state)
{
	struct world w;
	struct login logins[2];

	(void)state;
	world_begin(&w);
	say_late(&w, 5);
	lost_link_to(&w, 5, false);
	for (int i = 0; i < 2; i++) { /* both may wait */
		login_begin(&logins[i], &w, 5);
		expect_wanted(&w, 5);
	}
	int fd = link_to(&w, 5, false);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(login_end(&logins[i]), FAULT_NONE);
	close(fd);
	world_end(&w);
}

static void test_uid_and_gid_together_choose_the_process(void **state)
{
	static const struct {
		struct user user;
		int process; /* 0: mail-user's, 1: that of 8 and 9, 2: of 5 and 5 */
	} cases[] = {
		{ { .has_uid = false }, 0 },
		{ { .has_uid = true, .uid = 8 }, 0 },
		{ { .has_uid = true, .uid = 8, .has_gid = true, .gid = 8 }, 0 },
		{ { .has_uid = true, .uid = 8, .has_gid = true, .gid = 9 }, 1 },
		{ { .has_uid = true, .uid = 5, .has_gid = true, .gid = 5 }, 2 },
		{ { .has_gid = true, .gid = 9 }, 0 },
	};
	const struct message_DROP_LINK other = { 8, 9, false };
	int pair[2], fds[3];
	struct world w;

	(void)state;
	world_begin(&w);
	fds[2] = link_to(&w, 5, false);
	fds[0] = link_to(&w, 8, true);
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	drops_link(&w.drops, &other, pair[0]);
	fds[1] = pair[1];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(grant(&w, &cases[i].user, SPAN("alice")), FAULT_NONE);
		for (int at = 0; at < 3; at++)
			if (at == cases[i].process)
				expect_grant(fds[at], "alice");
			else
				CHECK_EQ(got(fds[at]), CHANNEL_EMPTY);
	}
	for (int at = 0; at < 3; at++)
		close(fds[at]);
	world_end(&w);
}

static void test_a_uid_without_a_gid_has_no_process(void **state)
{
	const struct user eve = { .has_uid = true, .uid = 5 };
	const struct message m = { .kind = MESSAGE_GRANT };
	struct why why = { 0 };
	struct world w;

	(void)state;
	world_begin(&w);
	int fd = link_to(&w, 8, true);
	CHECK_EQ(drops_send(&w.drops, &eve, &m, 0, &why), FAULT_SETUP);
	CHECK_TEXT(why.doing, "find a gid beside the user's uid");
	CHECK_TEXT(why.what, "");
	expect_no_request(&w);
	close(fd);
	world_end(&w);
}

static void test_a_refusal_counts_for_a_link_that_was_lost(void **state)
{
	struct world w;
	struct login l;

	(void)state;
	world_begin(&w);
	lost_link_to(&w, 5, false);
	login_begin(&l, &w, 5);
	expect_wanted(&w, 5);
	drops_refused(&w.drops, &(const struct message_DROP_REFUSED){ 5, 5 });
	CHECK_EQ(login_end(&l), FAULT_SETUP);
	world_end(&w);
}

static void test_a_login_asks_once_for_each_process_that_is_lost(void **state)
{
	struct world w;
	struct login l;

	(void)state;
	world_begin(&w);
	login_begin(&l, &w, 5);
	expect_wanted(&w, 5);
	for (uint32_t other = 20; other < 40; other++) /* they are no news of 5 */
		lost_link_to(&w, other, false);
	lost_link_to(&w, 5, false);
	expect_wanted(&w, 5);
	int fd = link_to(&w, 5, false);
	CHECK_EQ(login_end(&l), FAULT_NONE);
	expect_no_request(&w);
	close(fd);
	world_end(&w);
}

/* Many log in at once, and the process gets to them in a moment. */
static void test_a_login_waits_for_room_in_mail_users_queue(void **state)
{
	const struct message m = { .kind = MESSAGE_GRANT,
				   .GRANT = { .user = SPAN("before") } };
	const struct message_DROP_LINK link = { 8, 8, true };
	static struct channel_inbox inbox;
	struct world w;
	struct login l;
	int pair[2];

	(void)state;
	world_begin(&w);
	CHECK_EQ(channel_pair(pair, NULL), FAULT_NONE);
	while (channel_send(pair[0], &m, pair[0], CHANNEL_NOW) == FAULT_NONE)
		;
	drops_link(&w.drops, &link, pair[0]);
	login_begin(&l, &w, 0);
	while (atomic_load(&times_waited) == 0)
		sched_yield();
	struct channel drop = channel_of(pair[1], ROLE_AUTH, ROLE_DROP);
	do {
		CHECK_EQ(channel_receive(&drop, CHANNEL_WAIT, &inbox), CHANNEL_MESSAGE);
		close(inbox.files.at[0]);
	} while (!span_is(inbox.message.GRANT.user, "waits"));
	CHECK_EQ(login_end(&l), FAULT_NONE);
	close(pair[1]);
	world_end(&w);
}

static void test_a_link_for_which_there_is_no_memory_is_closed(void **state)
{
	const struct user eve = user_of(5);
	struct world w;

	(void)state;
	world_begin(&w);
	memory_left = 0;
	int lost = link_to(&w, 5, false);
	say_late(&w, 5);
	memory_left = MEMORY_ENOUGH;
	CHECK_EQ(got(lost), CHANNEL_CLOSED);
	int fd = link_to(&w, 5, false);
	CHECK_EQ(grant(&w, &eve, SPAN("eve")), FAULT_NONE);
	close(lost);
	close(fd);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_grant_goes_to_the_users_own_process),
		TEST(test_a_message_that_does_not_fit_costs_its_own_login_and_no_link),
		TEST(test_nobody_waits_for_a_process_whose_queue_is_full),
		TEST(test_a_lost_link_is_asked_for_whoevers_process_it_led_to),
		TEST(test_one_thread_waits_for_a_process_that_is_late),
		TEST(test_some_threads_wait_for_no_process_that_is_late),
		TEST(test_all_but_one_stop_waiting_when_it_turns_out_to_be_late),
		TEST(test_nobody_waits_when_the_parent_is_gone),
		TEST(test_a_refused_process_is_told_and_asked_for_again),
		TEST(test_a_refusal_is_for_all_who_wait),
		TEST(test_a_process_that_leaves_is_replaced_at_the_next_login),
		TEST(test_a_link_ends_with_its_successor_and_with_the_end),
		TEST(test_a_process_that_has_come_is_late_no_more),
		TEST(test_uid_and_gid_together_choose_the_process),
		TEST(test_a_uid_without_a_gid_has_no_process),
		TEST(test_a_refusal_counts_for_a_link_that_was_lost),
		TEST(test_a_login_asks_once_for_each_process_that_is_lost),
		TEST(test_a_login_waits_for_room_in_mail_users_queue),
		TEST(test_a_link_for_which_there_is_no_memory_is_closed),
	};

	return RUN(tests);
}
