/* Promises of authd/grants: who gets which maildrop, and with which rules. */
#include "peer.h"
#include "site.h"

#include "auth/user/scheme.h"
#include "authd/grants.h"
#include "base/board.h"

static const struct ticket_holder holder = { 3, 9 };

/* poplar-auth's grants, with mail-user's process (8) and that of another uid (5). */
struct world {
	struct settings settings;
	struct login_rules rules;
	struct grants grants;
	struct channel standard, own;
	char ticket[TICKET_OCTETS_MAX];
	struct buf ticket_buf;
	/* of the last grant or question */
	char room[256];
	struct buf name;
	int session;
	struct why why;
};

static struct channel link_to(struct world *w, uint32_t uid, bool standard)
{
	int ours;
	struct channel drop = channel_of(peer_new(&ours), ROLE_AUTH, ROLE_DROP);

	drops_link(&w->grants.drops,
		   &(const struct message_DROP_LINK){ uid, uid, standard }, ours);
	return drop;
}

static void world_begin(struct world *w, bool xtnd)
{
	peer_log_begin();
	*w = (struct world){ .rules = { .fold = true } };
	w->ticket_buf = BUF(w->ticket);
	site_begin(&w->settings);
	site_set(&w->settings, SETTING_ID_mail_root, "/m");
	site_set(&w->settings, SETTING_ID_xtnd, xtnd ? "yes" : "no");
	site_set(&w->settings, SETTING_ID_login_delay, "10s");
	site_set(&w->settings, SETTING_ID_login_delay_most, "1m");
	site_set(&w->settings, SETTING_ID_expire, "30,7");
	struct board_settings *news =
		site_add_board(&w->settings, "news", "/m/b/news", "*");
	site_set_row(board_rows(), news, "archive", "/m/b/old");
	struct board_settings *staff =
		site_add_board(&w->settings, "staff", "/m/b/staff", "alice");
	staff->uid = staff->gid = 5;
	drops_init(&w->grants.drops, -1);
	CHECK(grants_start(&w->grants, &w->settings, &w->rules));
	w->standard = link_to(w, 8, true);
	w->own = link_to(w, 5, false);
}

static void world_end(struct world *w)
{
	close(w->standard.fd);
	close(w->own.fd);
	drops_done(&w->grants.drops);
	tickets_free(w->grants.tickets);
	settings_done(&w->settings);
}

/* Forget what came of the last grant or question. */
static void begin(struct world *w)
{
	w->why = (struct why){ 0 };
	w->name = (struct buf)BUF(w->room);
	w->session = -1;
}

/* Whatever was wrong is told, and gives no session. */
static enum fault came_of(const struct world *w, enum fault f)
{
	CHECK_EQ(w->why.fault, f);
	CHECK_EQ(w->why.sys, 0); /* no system call has failed */
	CHECK_EQ(w->session >= 0, f == FAULT_NONE);
	return f;
}

static enum fault grant(struct world *w, const struct user *user)
{
	begin(w);
	w->ticket_buf.len = 0;
	return came_of(w, grants_own(&w->grants, holder, user, SPAN("192.0.2.1:1"),
				     &w->ticket_buf, &w->session, &w->why));
}

static enum fault look(struct world *w, const struct user *user, struct span peer)
{
	begin(w);
	return came_of(w, grants_look(&w->grants, user, peer, &w->session, &w->why));
}

/* The process gets a GRANT, whose socket is connected to the session's end. */
static const struct message_GRANT *expect_grant(struct world *w, struct channel drop)
{
	const struct message failed = { .kind = MESSAGE_FAILED,
					.FAILED = { FAULT_BUSY } };
	static struct message_GRANT grant;
	static char room[3][4096];
	int fd;

	grant = peer_hears(&drop, MESSAGE_GRANT, &fd)->GRANT;
	struct span *const texts[] = { &grant.user, &grant.path, &grant.peer };
	for (size_t i = 0; i < 3; i++) {
		CHECK(span_copy(*texts[i], room[i], sizeof room[i]));
		texts[i]->at = room[i];
	}
	peer_say(fd, &failed, -1);
	struct channel front = channel_of(w->session, ROLE_DROP, ROLE_FRONT);
	CHECK_EQ(peer_hears(&front, MESSAGE_FAILED, NULL)->FAILED.fault, FAULT_BUSY);
	close(fd);
	close(w->session);
	return &grant;
}

/* ---- the user's own maildrop ---- */

static void test_a_grant_says_whose_maildrop_and_under_which_rules(void **state)
{
	static const struct {
		struct user user;
		const char *path;
		uint32_t delay, unread, retrieved;
		bool own;
	} cases[] = {
		{ { .name = SPAN("alice") }, "alice/Maildir", 10, 30, 7, false },
		{ { .name = SPAN("alice"),
		    .has_uid = true,
		    .has_gid = true,
		    .uid = 5,
		    .gid = 5 },
		  "alice/Maildir",
		  10,
		  30,
		  7,
		  true },
		/* mail-user's uid, with whichever gid */
		{ { .name = SPAN("alice"), .has_uid = true, .uid = 8 },
		  "alice/Maildir",
		  10,
		  30,
		  7,
		  false },
		{ { .name = SPAN("a/b"), .read_only = true },
		  "a%2fb/Maildir",
		  10,
		  30,
		  7,
		  false },
		{ { .name = SPAN("bob"), .home = SPAN("/m/homes/bob") },
		  "homes/bob/Maildir",
		  10,
		  30,
		  7,
		  false },
		{ { .name = SPAN("bob"),
		    .has_delay = true,
		    .has_expire = true,
		    .policy = { 60, 400, 100 } },
		  "bob/Maildir",
		  60,
		  400,
		  100,
		  false },
		{ { .name = SPAN("bob"), .has_delay = true, .policy = { 61, 1, 1 } },
		  "bob/Maildir",
		  60,
		  30,
		  7,
		  false },
	};
	struct world w;

	(void)state;
	world_begin(&w, false);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(grant(&w, &cases[i].user), FAULT_NONE);
		const struct message_GRANT *g =
			expect_grant(&w, cases[i].own ? w.own : w.standard);

		CHECK(span_same_nocase(g->user, cases[i].user.name));
		CHECK_SPAN(g->path, cases[i].path);
		CHECK_SPAN(g->peer, "192.0.2.1:1");
		CHECK_EQ(g->read_only, cases[i].user.read_only);
		CHECK_EQ(g->login_delay, cases[i].delay);
		CHECK_EQ(g->unread, cases[i].unread);
		CHECK_EQ(g->retrieved, cases[i].retrieved);
		CHECK_EQ(g->as_is + g->is_board + g->again, 0);
	}
	world_end(&w);
}

static void test_a_maildrop_outside_of_mail_root_is_granted_to_nobody(void **state)
{
	static const char *const homes[] = { "/", "/n/bob", "/m/../n", "/mm" };
	struct world w;

	(void)state;
	world_begin(&w, true);
	for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
		const struct user user = { .name = SPAN("bob"),
					   .home = span_of(homes[i]) };

		CHECK_EQ(grant(&w, &user), FAULT_SETUP);
		CHECK_EQ(w.ticket_buf.len, 0);
		CHECK_EQ(look(&w, &user, SPAN("")), FAULT_SETUP);
	}
	CHECK_EQ(peer_got(&w.standard), CHANNEL_EMPTY);
	world_end(&w);
}

static void test_without_a_process_there_is_no_session_and_no_ticket(void **state)
{
	const struct user user = { .name = SPAN("bob"),
				   .has_uid = true,
				   .has_gid = true,
				   .uid = 6,
				   .gid = 6 };
	struct world w;

	(void)state;
	world_begin(&w, true); /* whose parent is gone */
	CHECK_EQ(grant(&w, &user), FAULT_PEER);
	CHECK_EQ(w.ticket_buf.len, 0);
	world_end(&w);
}

static void test_an_operator_gets_a_maildrop_as_it_is(void **state)
{
	const struct user user = { .name = SPAN("alice"),
				   .has_delay = true,
				   .policy = { 60, 1, 1 } };
	struct world w;

	(void)state;
	world_begin(&w, true);
	CHECK_EQ(look(&w, &user, SPAN("peer")), FAULT_NONE);
	const struct message_GRANT *g = expect_grant(&w, w.standard);
	CHECK_SPAN(g->user, "alice");
	CHECK_SPAN(g->path, "alice/Maildir");
	CHECK_SPAN(g->peer, "peer");
	CHECK_EQ(g->read_only, 1);
	CHECK_EQ(g->as_is, 1);
	CHECK_EQ(g->login_delay, 0);
	CHECK_EQ(g->unread, POLICY_NEVER);
	CHECK_EQ(g->retrieved, POLICY_NEVER);
	CHECK_EQ(g->is_board + g->again, 0);
	world_end(&w);
}

/* ---- deliveries ---- */

static enum fault deliver(struct world *w, const struct user *user, uint64_t octets)
{
	begin(w);
	return came_of(w, grants_delivery(&w->grants, user, SPAN("unix"), octets,
					  &w->session, &w->why));
}

/* The process gets a GRANT_DELIVERY, whose socket is connected to the other end. */
static void expect_delivery(struct world *w, struct channel drop,
			    const struct message_GRANT_DELIVERY *is)
{
	const struct message accepts = { .kind = MESSAGE_ACCEPTS };
	int fd;
	const struct message_GRANT_DELIVERY *g =
		&peer_hears(&drop, MESSAGE_GRANT_DELIVERY, &fd)->GRANT_DELIVERY;

	CHECK_EQ(g->octets, is->octets);
	CHECK_EQ(g->quota_octets, is->quota_octets);
	CHECK_EQ(g->quota_messages, is->quota_messages);
	CHECK_EQ(g->grace_octets, is->grace_octets);
	CHECK(span_same_nocase(g->user, is->user));
	CHECK(span_same_nocase(g->path, is->path));
	CHECK_SPAN(g->peer, "unix");
	peer_say(fd, &accepts, -1);
	struct channel lmtp = channel_of(w->session, ROLE_DROP, ROLE_LMTP);
	peer_hears(&lmtp, MESSAGE_ACCEPTS, NULL);
	close(fd);
	close(w->session);
}

static void test_a_delivery_is_granted_with_the_users_quota_or_the_sites(void **state)
{
	static const struct {
		const char *quota; /* of the site */
		struct user user;
		struct message_GRANT_DELIVERY grant;
		bool own;
	} cases[] = {
		{ "",
		  { .name = SPAN("bob") },
		  { 7, 0, 0, 5, SPAN("bob"), SPAN("bob/Maildir"), SPAN("") },
		  false },
		{ "1k, 3 messages",
		  { .name = SPAN("bob"), .disabled = true, .read_only = true },
		  { 7, 1024, 3, 5, SPAN("bob"), SPAN("bob/Maildir"), SPAN("") },
		  false },
		{ "1k, 3 messages",
		  { .name = SPAN("bob"), .has_quota = true, .quota = { 4096, 0 } },
		  { 7, 4096, 0, 5, SPAN("bob"), SPAN("bob/Maildir"), SPAN("") },
		  false },
		{ "none",
		  { .name = SPAN("bob"), .has_quota = true, .quota = { 0, 9 } },
		  { 7, 0, 9, 5, SPAN("bob"), SPAN("bob/Maildir"), SPAN("") },
		  false },
		{ "1k",
		  { .name = SPAN("bob"), .has_quota = true },
		  { 7, 0, 0, 5, SPAN("bob"), SPAN("bob/Maildir"), SPAN("") },
		  false },
		{ "1k",
		  { .name = SPAN("../a"),
		    .has_uid = true,
		    .has_gid = true,
		    .uid = 5,
		    .gid = 5 },
		  { 7, 1024, 0, 5, SPAN("../a"), SPAN("%2e.%2fa/Maildir"), SPAN("") },
		  true },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w, true);
		site_set(&w.settings, SETTING_ID_quota, cases[i].quota);
		site_set(&w.settings, SETTING_ID_quota_grace, "5");
		tickets_free(w.grants.tickets);
		CHECK(grants_start(&w.grants, &w.settings, &w.rules));
		CHECK_EQ(deliver(&w, &cases[i].user, 7), FAULT_NONE);
		expect_delivery(&w, cases[i].own ? w.own : w.standard, &cases[i].grant);
		world_end(&w);
	}
}

static void test_a_delivery_has_the_same_bounds_as_a_session(void **state)
{
	const struct user outside = { .name = SPAN("bob"), .home = SPAN("/n/bob") };
	const struct user nowhere = { .name = SPAN("bob"),
				      .has_uid = true,
				      .has_gid = true,
				      .uid = 6,
				      .gid = 6 };
	struct world w;

	(void)state;
	world_begin(&w, false);
	CHECK_EQ(deliver(&w, &outside, 0), FAULT_SETUP);
	CHECK_EQ(deliver(&w, &nowhere, 0), FAULT_PEER);
	CHECK_EQ(peer_got(&w.standard), CHANNEL_EMPTY);
	CHECK_EQ(peer_got(&w.own), CHANNEL_EMPTY);
	site_set(&w.settings, SETTING_ID_quota, "much");
	CHECK(!grants_start(&w.grants, &w.settings, &w.rules));
	world_end(&w);
}

/* ---- boards ---- */

/* The user logs in, and the session shows the ticket. */
static void log_in(struct world *w, const struct user *user)
{
	CHECK_EQ(grant(w, user), FAULT_NONE);
	expect_grant(w, user->has_uid ? w->own : w->standard);
	CHECK(w->ticket_buf.len > 0);
}

static const struct user alice = {
	.name = SPAN("alice"), .has_uid = true, .has_gid = true, .uid = 5, .gid = 5
};
static const struct user bob = { .name = SPAN("bob") };

static enum fault ask_as(struct world *w, struct ticket_holder who,
			 const struct message_BOARD_ASK *m)
{
	begin(w);
	return came_of(
		w, grants_board(&w->grants, who, m, &w->name, &w->session, &w->why));
}

static enum fault ask(struct world *w, enum board_wish wish, const char *name,
		      uint64_t number)
{
	const struct message_BOARD_ASK m = { .id = 9,
					     .board = wish,
					     .number = number,
					     .name = span_of(name),
					     .ticket = buf_span(&w->ticket_buf) };

	return ask_as(w, holder, &m);
}

static void test_a_board_is_granted_to_those_who_may_read_it(void **state)
{
	static const struct {
		const struct user *user;
		enum board_wish wish;
		const char *name;
		uint64_t number;
		const char *given, *path; /* NULL: FAULT_NO_BOARD */
		bool own;
	} cases[] = {
		{ &alice, BOARD_NAMED, "news", 0, "news", "b/news", false },
		{ &alice, BOARD_NAMED, "NEWS", 0, "news", "b/news", false },
		{ &alice, BOARD_ARCHIVE, "news", 0, "news", "b/old", false },
		{ &alice, BOARD_ABOUT, "news", 0, "news", "b/news", false },
		{ &alice, BOARD_NAMED, "staff", 0, "staff", "b/staff", true },
		{ &alice, BOARD_ARCHIVE, "staff", 0, NULL, NULL, true },
		{ &alice, BOARD_EACH, "", 0, "news", "b/news", false },
		{ &alice, BOARD_EACH, "", 1, "staff", "b/staff", true },
		{ &alice, BOARD_EACH, "", 2, NULL, NULL, false },
		{ &alice, BOARD_EACH, "alice", 2, NULL, NULL, false },
		{ &alice, BOARD_ABOUT, "alice", 0, NULL, NULL, false },
		{ &alice, BOARD_ARCHIVE, "alice", 0, NULL, NULL, false },
		{ &bob, BOARD_NAMED, "news", 0, "news", "b/news", false },
		{ &bob, BOARD_NAMED, "staff", 0, NULL, NULL, false },
		{ &bob, BOARD_NAMED, "alice", 0, NULL, NULL, false },
		{ &bob, BOARD_EACH, "", 1, NULL, NULL, false },
	};
	struct world w;

	(void)state;
	world_begin(&w, true);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		log_in(&w, cases[i].user);
		enum fault f = ask(&w, cases[i].wish, cases[i].name, cases[i].number);
		CHECK_EQ(f, cases[i].given ? FAULT_NONE : FAULT_NO_BOARD);
		CHECK_SPAN(buf_span(&w.name), cases[i].given ? cases[i].given : "");
		if (f)
			continue;
		const struct message_GRANT *g =
			expect_grant(&w, cases[i].own ? w.own : w.standard);
		CHECK(span_same_nocase(g->user, cases[i].user->name));
		CHECK_SPAN(g->path, cases[i].path);
		CHECK_SPAN(g->peer, "192.0.2.1:1");
		CHECK_EQ(g->read_only, 1);
		CHECK_EQ(g->as_is, 1);
		CHECK_EQ(g->is_board, 1);
		CHECK_EQ(g->again, 0);
		CHECK_EQ(g->login_delay, 10);
		CHECK_EQ(g->unread, POLICY_NEVER);
		CHECK_EQ(g->retrieved, POLICY_NEVER);
	}
	world_end(&w);
}

static void test_the_users_own_name_gives_the_own_maildrop_once_more(void **state)
{
	static const char *const names[] = { "alice", "Alice", "ALICE" };
	struct world w;

	(void)state;
	world_begin(&w, true);
	site_add_board(&w.settings, "alice", "/m/b/trap", "*");
	log_in(&w, &alice);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		CHECK_EQ(ask(&w, BOARD_NAMED, names[i], 0), FAULT_NONE);
		CHECK_SPAN(buf_span(&w.name), "alice");
		const struct message_GRANT *g = expect_grant(&w, w.own);
		CHECK_SPAN(g->path, "alice/Maildir");
		CHECK_EQ(g->again, 1);
		CHECK_EQ(g->unread, 30);
		CHECK_EQ(g->read_only + g->is_board + g->as_is, 0);
	}
	world_end(&w);
}

/* The name that the user typed at login means the user, too. */
static void test_the_own_name_may_lack_the_domain(void **state)
{
	const struct user carol = { .name = SPAN("carol@example.org") };
	struct world w;

	(void)state;
	world_begin(&w, true);
	w.rules.default_domain = SPAN("example.org");
	log_in(&w, &carol);
	CHECK_EQ(ask(&w, BOARD_NAMED, "Carol", 0), FAULT_NONE);
	CHECK_SPAN(buf_span(&w.name), "carol@example.org");
	CHECK_EQ(expect_grant(&w, w.standard)->again, 1);
	CHECK_EQ(ask(&w, BOARD_NAMED, "carol@example.com", 0), FAULT_NO_BOARD);
	world_end(&w);
}

static void expect_refused(struct world *w, struct ticket_holder who,
			   const struct message_BOARD_ASK *m)
{
	CHECK_EQ(ask_as(w, who, m), FAULT_PEER);
	CHECK_EQ(w->name.len, 0);
}

static void test_a_ticket_is_good_for_its_holder_and_unchanged_only(void **state)
{
	static const struct ticket_holder others[] = { { 3, 8 }, { 2, 9 } };
	struct message_BOARD_ASK m = { .board = BOARD_NAMED, .name = SPAN("news") };
	struct world w;

	(void)state;
	world_begin(&w, true);
	log_in(&w, &alice);
	m.ticket = buf_span(&w.ticket_buf);
	for (size_t i = 0; i < 2; i++)
		expect_refused(&w, others[i], &m);
	for (size_t i = 0; i < w.ticket_buf.len; i += 13) {
		w.ticket[i] ^= 1;
		expect_refused(&w, holder, &m);
		w.ticket[i] ^= 1;
	}
	for (size_t len = 0; len < w.ticket_buf.len; len += 7) {
		m.ticket.len = len;
		expect_refused(&w, holder, &m);
	}
	CHECK_EQ(peer_got(&w.standard), CHANNEL_EMPTY);
	CHECK_EQ(ask(&w, BOARD_NAMED, "news", 0), FAULT_NONE);
	close(w.session);
	world_end(&w);
}

/* Sealed by this process, but no GRANT: as short as an owner, shorter, and nonsense. */
static void test_a_ticket_without_a_grant_in_it_is_refused(void **state)
{
	char octets[64] = { 0 };
	struct world w;

	(void)state;
	world_begin(&w, true);
	for (size_t len = 0; len <= sizeof octets; len++) {
		w.ticket_buf.len = 0;
		ticket_seal(w.grants.tickets, holder, (struct span){ octets, len },
			    &w.ticket_buf);
		CHECK_EQ(ask(&w, BOARD_NAMED, "news", 0), FAULT_PEER);
	}
	world_end(&w);
}

static void test_without_xtnd_there_is_no_ticket_and_no_board(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, false);
	CHECK_EQ(grant(&w, &bob), FAULT_NONE);
	close(w.session);
	CHECK_EQ(w.ticket_buf.len, 0);
	CHECK_EQ(ask(&w, BOARD_NAMED, "news", 0), FAULT_PEER);
	world_end(&w);
}

/* By its uid and gid, which belong together; 0 means that there is none. */
static void test_a_board_is_granted_by_the_process_of_its_owner(void **state)
{
	static const struct {
		uint32_t uid, gid;
		enum fault fault;
	} cases[] = {
		{ 1, 1, FAULT_NONE },
		{ 1, 0, FAULT_SETUP },
		{ 0, 1, FAULT_NONE },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w, true);
		w.settings.boards.at[1].uid = cases[i].uid;
		w.settings.boards.at[1].gid = cases[i].gid;
		struct channel owner = link_to(&w, 1, false);
		log_in(&w, &alice);
		CHECK_EQ(ask(&w, BOARD_NAMED, "staff", 0), cases[i].fault);
		if (cases[i].fault)
			CHECK_TEXT(w.why.doing, "find a gid beside the user's uid");
		else
			expect_grant(&w, cases[i].uid ? owner : w.standard);
		close(owner.fd);
		world_end(&w);
	}
}

static void test_a_board_outside_of_mail_root_is_granted_to_nobody(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, true);
	site_add_board(&w.settings, "trap", "/n/trap", "*");
	log_in(&w, &alice);
	CHECK_EQ(ask(&w, BOARD_NAMED, "trap", 0), FAULT_SETUP);
	world_end(&w);
}

static void test_a_board_comes_from_the_parent_with_its_settings(void **state)
{
	char room[16000];
	struct buf packed = BUF(room);
	struct settings got;
	struct world w;

	(void)state;
	world_begin(&w, true);
	site_begin(&got);
	rows_pack(board_rows(), &w.settings.boards.at[1], ROLE_AUTH, &packed);
	struct message_BOARD m = { SPAN("staff"), buf_span(&packed) };
	CHECK(grants_add_board(&got, &m));
	CHECK_EQ(got.boards.count, 1);
	CHECK_TEXT(got.boards.at[0].name, "staff");
	CHECK_TEXT(got.boards.at[0].maildir, "/m/b/staff");
	CHECK_EQ(got.boards.at[0].uid, 5);
	m.values.len--;
	CHECK(!grants_add_board(&got, &m));
	settings_done(&got);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_grant_says_whose_maildrop_and_under_which_rules),
		TEST(test_a_maildrop_outside_of_mail_root_is_granted_to_nobody),
		TEST(test_without_a_process_there_is_no_session_and_no_ticket),
		TEST(test_an_operator_gets_a_maildrop_as_it_is),
		TEST(test_a_delivery_is_granted_with_the_users_quota_or_the_sites),
		TEST(test_a_delivery_has_the_same_bounds_as_a_session),
		TEST(test_a_board_is_granted_to_those_who_may_read_it),
		TEST(test_the_users_own_name_gives_the_own_maildrop_once_more),
		TEST(test_the_own_name_may_lack_the_domain),
		TEST(test_a_ticket_is_good_for_its_holder_and_unchanged_only),
		TEST(test_a_ticket_without_a_grant_in_it_is_refused),
		TEST(test_without_xtnd_there_is_no_ticket_and_no_board),
		TEST(test_a_board_is_granted_by_the_process_of_its_owner),
		TEST(test_a_board_outside_of_mail_root_is_granted_to_nobody),
		TEST(test_a_board_comes_from_the_parent_with_its_settings),
	};

	return scheme_start() ? RUN(tests) : 1;
}
