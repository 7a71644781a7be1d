/* Promises of authd/logins: what a front is answered, and why. */
#include "authworld.h"
#include "memory.h"

#include <pthread.h>
#include <sodium.h>
#include <sys/socket.h>

#include "auth/sasl/sasl.h"
#include "auth/user/scheme.h"

/* ---- a database with one user, alice, and one of tokens that refuses them ---- */

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	(void)db;
	if (!auth_can_look(why))
		return DATABASE_DOWN;
	if (!span_is(name, "alice"))
		return DATABASE_UNKNOWN;
	out->user =
		(struct user){ .name = alices_name, .stored = SPAN("{PLAIN}tanstaaf") };
	return DATABASE_RIGHT;
}

static unsigned old_looks; /* that find what was true before alice came */

static unsigned stores(struct database *db)
{
	(void)db;
	if (old_looks == 0)
		return SCHEME_PLAIN;
	old_looks--;
	return 0;
}

static enum database_says refuse(struct database *db, struct span name,
				 struct span token, struct span peer,
				 struct user_found *out, struct why *why)
{
	(void)db, (void)name, (void)token, (void)peer, (void)out, (void)why;
	return DATABASE_WRONG;
}

static const struct database_driver people = { .name = "people",
					       .find = find,
					       .stores = stores };
static const struct database_driver tokens = { .name = "tokens", .check = refuse };

/* ---- poplar-auth with one front and mail-user's maildrop process ---- */

struct world {
	struct auth_world auth;
	struct database tokens;
	struct logins_link link;
	uint64_t id; /* of the last connection */
	bool waited;
};

static void world_begin(struct world *w)
{
	struct logins *l = &w->auth.logins;

	*w = (struct world){ .tokens = { .driver = &tokens, .name = "tokens" } };
	auth_begin(&w->auth, &people);
	site_set(&w->auth.settings, SETTING_ID_xtnd, "yes");
	site_add_board(&w->auth.settings, "news", "/m/b/news", "*");
	l->rules = (struct login_rules){ .databases = &w->auth.people,
					 .tokens = &w->tokens,
					 .realm = "" };
	l->allowed = MECHANISM_BIT(USER) | MECHANISM_BIT(APOP) | MECHANISM_BIT(PLAIN) |
		     MECHANISM_BIT(SCRAM_SHA_1) | MECHANISM_BIT(OAUTHBEARER);
	auth_link(&w->auth, ROLE_FRONT);
	CHECK(throttle_start(&l->throttle, &w->auth.settings, &l->rules));
	logins_link_init(&w->link, l, w->auth.ours, 3);
}

static void world_end(struct world *w)
{
	exchanges_done(&w->link.exchanges);
	delays_free(w->auth.logins.throttle.delays);
	tickets_free(w->auth.logins.grants.tickets);
	auth_end(&w->auth);
}

/* The front asks. Returns whether the link goes on. */
static bool hear(struct world *w, const struct message *m)
{
	struct channel_inbox in = { .message = *m };

	return logins_hear(&w->link, &in);
}

/* ---- questions ---- */

static bool ask(struct world *w, uint64_t mechanism, struct message_AUTH_ASK how)
{
	how.id = ++w->id;
	how.exchange = 1;
	how.tls = 1;
	how.mechanism = mechanism;
	how.waited = w->waited;
	how.peer = SPAN(PEER);
	return hear(w, &(const struct message){ .kind = MESSAGE_AUTH_ASK,
						.AUTH_ASK = how });
}

static bool ask_password(struct world *w, const char *user, const char *password)
{
	return ask(w, MECHANISM_ID_USER,
		   (struct message_AUTH_ASK){ .user = span_of(user),
					      .response = span_of(password) });
}

/* With an initial response, which is given undone. */
static bool ask_sasl(struct world *w, enum mechanism m, struct span response)
{
	static char base64[4096];

	sodium_bin2base64(base64, sizeof base64, (const unsigned char *)response.at,
			  response.len, sodium_base64_VARIANT_ORIGINAL);
	return ask(w, m,
		   (struct message_AUTH_ASK){ .has_response = 1,
					      .response = span_of(base64),
					      .exporter = SPAN("exported") });
}

static bool go_on(struct world *w, uint64_t id, uint64_t exchange, const char *base64)
{
	return hear(w, &(const struct message){ .kind = MESSAGE_AUTH_NEXT,
						.AUTH_NEXT = { id, exchange, w->waited,
							       span_of(base64) } });
}

static bool cancel(struct world *w, uint64_t id, uint64_t exchange)
{
	return hear(w, &(const struct message){ .kind = MESSAGE_AUTH_CANCEL,
						.AUTH_CANCEL = { id, exchange } });
}

/* ---- answers ---- */

static void expect_offers(struct world *w)
{
	CHECK(peer_hears(&w->auth.peer, MESSAGE_AUTH_OFFERS, NULL)
		      ->AUTH_OFFERS.mechanisms != 0);
}

static void expect_failed(struct world *w, enum fault f, uint64_t delay_ms,
			  const char *user)
{
	const struct message *m = peer_hears(&w->auth.peer, MESSAGE_AUTH_FAILED, NULL);

	CHECK_EQ(m->AUTH_FAILED.id, w->id);
	CHECK_EQ(m->AUTH_FAILED.fault, f);
	CHECK_EQ(m->AUTH_FAILED.delay_ms, delay_ms);
	CHECK_SPAN(m->AUTH_FAILED.user, user);
}

/* AUTH_OK, with the other end of the socket that the maildrop process gets. */
static void expect_in(struct world *w, char *ticket, size_t room)
{
	const struct message done = { .kind = MESSAGE_FAILED };
	int session, granted;
	const struct message *m = peer_hears(&w->auth.peer, MESSAGE_AUTH_OK, &session);

	CHECK_EQ(m->AUTH_OK.id, w->id);
	CHECK_SPAN(m->AUTH_OK.user, "alice");
	CHECK(m->AUTH_OK.ticket.len > 0 && m->AUTH_OK.ticket.len <= room);
	memcpy(ticket, m->AUTH_OK.ticket.at, m->AUTH_OK.ticket.len);
	m = peer_hears(&w->auth.drop, MESSAGE_GRANT, &granted);
	CHECK_SPAN(m->GRANT.peer, PEER);
	peer_say(granted, &done, -1);
	struct channel front = channel_of(session, ROLE_DROP, ROLE_FRONT);
	peer_hears(&front, MESSAGE_FAILED, NULL);
	close(granted);
	close(session);
}

/* Nothing more has been said, and the link is as it was. */
static void expect_nothing(struct world *w)
{
	CHECK_EQ(peer_got(&w->auth.peer), CHANNEL_EMPTY);
}

static char ticket[TICKET_OCTETS_MAX];

/* ---- USER and APOP ---- */

static void test_a_login_is_answered_and_the_front_learns_the_offers_once(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	CHECK(ask_password(&w, "alice", "tanstaaf"));
	expect_in(&w, ticket, sizeof ticket);
	expect_offers(&w);
	CHECK(ask(&w, MECHANISM_ID_APOP,
		  (struct message_AUTH_ASK){
			  .user = SPAN("alice"),
			  .timestamp = SPAN("<1896.697170952@dbc.mtview.ca.us>"),
			  .response = SPAN("c4c9334bac560ecc979e58001b3e22fb") }));
	expect_in(&w, ticket, sizeof ticket);
	expect_nothing(&w);
	CHECK_EQ(w.link.answers.unread, 3);
	CHECK_TEXT(peer_log, "");
	world_end(&w);
}

static void test_each_refusal_says_why_and_only_a_guess_is_delayed(void **state)
{
	static const struct {
		const char *user, *password;
		bool down, no_drop, longer;
		enum fault fault;
		uint64_t delay_ms;
		const char *told, *logged; /* logged: NULL: nothing */
	} cases[] = {
		{ .user = "alice",
		  .password = "wrong",
		  .fault = FAULT_DENIED,
		  .delay_ms = 1000,
		  .told = "alice" },
		{ .user = "Nobody",
		  .password = "tanstaaf",
		  .fault = FAULT_DENIED,
		  .delay_ms = 1000,
		  .told = "Nobody" },
		{ .user = "alice",
		  .password = "tanstaaf",
		  .down = true,
		  .fault = FAULT_IO,
		  .told = "alice",
		  .logged = "event=login-trouble user=alice fault=io doing=ask "
			    "what=people" },
		{ .user = "alice",
		  .password = "tanstaaf",
		  .no_drop = true,
		  .fault = FAULT_PEER,
		  .told = "alice",
		  .logged = "event=login-trouble user=alice" },
		/* the answer that would let in does not fit its message */
		{ .user = "alice",
		  .password = "tanstaaf",
		  .longer = true,
		  .fault = FAULT_UNSENDABLE,
		  .told = "",
		  .logged = "" },
	};
	static char octets[256];
	struct world w;

	(void)state;
	memset(octets, 'x', sizeof octets);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w);
		is_down = cases[i].down;
		if (cases[i].longer)
			alices_name = (struct span){ octets, sizeof octets };
		if (cases[i].no_drop)
			close(w.auth.drop.fd);
		CHECK(ask_password(&w, cases[i].user, cases[i].password));
		expect_failed(&w, cases[i].fault, cases[i].delay_ms, cases[i].told);
		expect_offers(&w);
		expect_nothing(&w);
		if (cases[i].logged)
			CHECK(peer_log_has(cases[i].logged));
		else
			CHECK_TEXT(peer_log, "");
		if (cases[i].no_drop)
			w.auth.drop.fd = dup(w.auth.peer.fd);
		world_end(&w);
	}
}

static void test_what_no_front_of_ours_asks_ends_the_link(void **state)
{
	static const uint64_t mechanisms[] = { MECHANISM_ID_LOGIN, MECHANISM_COUNT, 64,
					       UINT64_MAX };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
		world_begin(&w);
		CHECK(!ask(&w, mechanisms[i],
			   (struct message_AUTH_ASK){ .user = SPAN("alice"),
						      .response = SPAN("x") }));
		expect_nothing(&w);
		CHECK(peer_log_has(
			"event=link-broken peer=poplar-front message=AUTH_ASK "
			"reason=\"a mechanism that is not offered\""));
		world_end(&w);
	}
}

/* A front that has gone does not count as one that does not read: the reader of the
 * link sees the end, and poplard the death. */
static void test_a_front_that_is_gone_is_not_reported(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	shutdown(w.auth.peer.fd, SHUT_RDWR);
	CHECK(ask_password(&w, "alice", "wrong"));
	CHECK(!peer_log_has("front-stuck") && !peer_log_has("answer-lost"));
	world_end(&w);
}

/* ---- delays ---- */

static void guess_until_delayed(struct world *w)
{
	for (int i = 0; i <= DELAYS_FREE_ADDRESS; i++) {
		CHECK(ask_password(w, "alice", "wrong"));
		expect_failed(w, FAULT_DENIED, 1000, "alice");
		if (i == 0)
			expect_offers(w);
	}
}

static void expect_later(struct world *w)
{
	const struct message *m = peer_hears(&w->auth.peer, MESSAGE_AUTH_LATER, NULL);

	CHECK_EQ(m->AUTH_LATER.id, w->id);
	CHECK_EQ(m->AUTH_LATER.exchange, 1);
	CHECK_EQ(m->AUTH_LATER.delay_ms, 1000);
}

static void test_a_guess_waits_and_is_checked_when_it_has(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	guess_until_delayed(&w);
	CHECK(ask_password(&w, "alice", "tanstaaf"));
	expect_later(&w);
	expect_nothing(&w);
	w.waited = true;
	CHECK(ask_password(&w, "alice", "tanstaaf"));
	expect_in(&w, ticket, sizeof ticket);
	world_end(&w);
}

static void test_a_delayed_exchange_is_kept_for_the_second_question(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	guess_until_delayed(&w);
	CHECK(ask_sasl(&w, MECHANISM_ID_PLAIN,
		       (struct span){ "\0alice\0tanstaaf", 15 }));
	expect_later(&w);
	w.waited = true;
	CHECK(go_on(&w, w.id, 1, "AGFsaWNlAHRhbnN0YWFm"));
	expect_in(&w, ticket, sizeof ticket);
	world_end(&w);
}

/* Whichever response has the password: no way leads around the delay. */
static void test_a_guess_in_a_later_response_waits_too(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	guess_until_delayed(&w);
	CHECK(ask(&w, MECHANISM_ID_PLAIN, (struct message_AUTH_ASK){ 0 }));
	peer_hears(&w.auth.peer, MESSAGE_AUTH_MORE, NULL);
	CHECK(go_on(&w, w.id, 1, "AGFsaWNlAHRhbnN0YWFm"));
	expect_later(&w);
	CHECK_EQ(w.link.exchanges.count, 1);
	w.waited = true;
	CHECK(go_on(&w, w.id, 1, "AGFsaWNlAHRhbnN0YWFm"));
	expect_in(&w, ticket, sizeof ticket);
	world_end(&w);
}

/* A failure counts for the address and the name, in whichever response it is. */
static void test_failures_in_later_responses_count(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	for (int i = 0; i <= DELAYS_FREE_ADDRESS; i++) {
		CHECK_EQ(throttle_ask(&w.auth.logins.throttle, SPAN(PEER), SPAN("bob")),
			 0);
		CHECK(ask(&w, MECHANISM_ID_PLAIN, (struct message_AUTH_ASK){ 0 }));
		peer_hears(&w.auth.peer, MESSAGE_AUTH_MORE, NULL);
		if (i == 0)
			expect_offers(&w);
		CHECK(go_on(&w, w.id, 1, "AGFsaWNlAHdyb25n")); /* wrong */
		expect_failed(&w, FAULT_DENIED, 1000, "alice");
	}
	CHECK_EQ(throttle_ask(&w.auth.logins.throttle, SPAN(PEER), SPAN("bob")), 1000);
	world_end(&w);
}

/* Failures elsewhere do not delay alice where she has been; only she has been there. */
static void test_a_login_makes_its_user_and_network_known(void **state)
{
	static const struct {
		const char *asked;
		uint32_t delay;
	} cases[] = { { "alice", 0 }, { "bob", 1000 } };
	struct world w;

	(void)state;
	world_begin(&w);
	CHECK(ask_password(&w, "alice", "tanstaaf"));
	expect_in(&w, ticket, sizeof ticket);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (int n = 0; n <= DELAYS_FREE_NAME; n++)
			throttle_denied(&w.auth.logins.throttle, SPAN("unknown"),
					span_of(cases[i].asked));
		CHECK_EQ(throttle_ask(&w.auth.logins.throttle, SPAN(PEER),
				      span_of(cases[i].asked)),
			 cases[i].delay);
	}
	world_end(&w);
}

/* ---- exchanges ---- */

static void test_an_exchange_goes_on_where_it_stopped(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	CHECK(ask(&w, MECHANISM_ID_PLAIN, (struct message_AUTH_ASK){ 0 }));
	const struct message *m = peer_hears(&w.auth.peer, MESSAGE_AUTH_MORE, NULL);
	CHECK_EQ(m->AUTH_MORE.id, w.id);
	CHECK_EQ(m->AUTH_MORE.exchange, 1);
	CHECK_SPAN(m->AUTH_MORE.challenge, "");
	expect_offers(&w);
	CHECK_EQ(w.link.exchanges.count, 1);
	CHECK(go_on(&w, w.id, 1, "AGFsaWNlAHRhbnN0YWFm"));
	expect_in(&w, ticket, sizeof ticket);
	CHECK_EQ(w.link.exchanges.count, 0);
	CHECK(go_on(&w, w.id, 1, "AGFsaWNlAHRhbnN0YWFm")); /* it is over */
	expect_failed(&w, FAULT_PEER, 0, "");
	CHECK(peer_log_has("event=login-trouble user=\"\" fault=peer doing=\"go on\" "
			   "what=exchange\n"));
	world_end(&w);
}

static void test_an_empty_response_is_one(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	CHECK(ask_sasl(&w, MECHANISM_ID_PLAIN, SPAN("")));
	expect_failed(&w, FAULT_BAD_RESPONSE, 0, "");
	expect_offers(&w);
	CHECK(ask(&w, MECHANISM_ID_PLAIN, (struct message_AUTH_ASK){ 0 }));
	peer_hears(&w.auth.peer, MESSAGE_AUTH_MORE, NULL);
	CHECK(go_on(&w, w.id, 1, ""));
	expect_failed(&w, FAULT_BAD_RESPONSE, 0, "");
	CHECK_TEXT(peer_log, ""); /* the client's fault is no trouble of ours */
	world_end(&w);
}

static void test_an_exchange_for_which_there_is_no_memory_fails(void **state)
{
	static const char *const doings[] = { "begin", "\"go on\"" };
	struct world w;

	(void)state;
	for (int left = 0; left < 2; left++) { /* for the exchange, and to keep it */
		char logged[128];

		world_begin(&w);
		memory_left = left;
		CHECK(ask(&w, MECHANISM_ID_PLAIN, (struct message_AUTH_ASK){ 0 }));
		memory_left = MEMORY_ENOUGH;
		expect_failed(&w, FAULT_NOMEM, 0, "");
		expect_offers(&w);
		expect_nothing(&w);
		CHECK_EQ(w.link.exchanges.count, 0);
		snprintf(logged, sizeof logged,
			 "event=login-trouble user=\"\" fault=nomem doing=%s "
			 "what=exchange\n",
			 doings[left]);
		CHECK(peer_log_has(logged));
		world_end(&w);
	}
}

static void test_an_exchange_that_fails_says_who_claimed_to_be_there(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	CHECK(ask_sasl(&w, MECHANISM_ID_PLAIN, (struct span){ "\0alice\0wrong", 12 }));
	expect_failed(&w, FAULT_DENIED, 1000, "alice");
	CHECK_EQ(w.link.exchanges.count, 0);
	world_end(&w);
}

static void test_a_cancelled_exchange_is_gone(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	CHECK(ask(&w, MECHANISM_ID_PLAIN, (struct message_AUTH_ASK){ 0 }));
	peer_hears(&w.auth.peer, MESSAGE_AUTH_MORE, NULL);
	expect_offers(&w);
	CHECK(cancel(&w, w.id, 2)); /* another exchange of the connection */
	CHECK_EQ(w.link.exchanges.count, 1);
	CHECK(cancel(&w, w.id, 1));
	CHECK_EQ(w.link.exchanges.count, 0);
	expect_nothing(&w);
	world_end(&w);
}

/* Nobody gets out of the count by falling silent behind a refusal. */
static void test_a_refusal_that_the_client_does_not_answer_counts(void **state)
{
	static const char message[] = "n,,\1auth=Bearer x\1\1";
	struct world w;

	(void)state;
	for (int refused = 0; refused < 2; refused++) {
		world_begin(&w);
		for (int i = 0; i <= DELAYS_FREE_ADDRESS; i++) {
			CHECK(refused ? ask_sasl(&w, MECHANISM_ID_OAUTHBEARER,
						 span_of(message))
				      : ask(&w, MECHANISM_ID_OAUTHBEARER,
					    (struct message_AUTH_ASK){ 0 }));
			peer_hears(&w.auth.peer, MESSAGE_AUTH_MORE, NULL);
			if (i == 0)
				expect_offers(&w);
			CHECK(cancel(&w, w.id, 1));
		}
		CHECK_EQ(throttle_ask(&w.auth.logins.throttle, SPAN(PEER), SPAN("bob")),
			 refused ? 1000 : 0);
		world_end(&w);
	}
}

/* Either kind of binding that the front has taken from the connection will do. */
static void test_an_exchange_is_bound_to_what_the_front_says(void **state)
{
	static const struct {
		struct span exporter, unique;
		const char *message;
		bool is_bound;
	} cases[] = {
		{ SPAN("x"), SPAN(""),
		  "cD10bHMtZXhwb3J0ZXIsLG49YWxpY2Uscj1hYmM=", true },
		{ SPAN(""), SPAN("x"),
		  "cD10bHMtZXhwb3J0ZXIsLG49YWxpY2Uscj1hYmM=", false },
		{ SPAN(""), SPAN("x"), "cD10bHMtdW5pcXVlLCxuPWFsaWNlLHI9YWJj", true },
		{ SPAN("x"), SPAN(""), "cD10bHMtdW5pcXVlLCxuPWFsaWNlLHI9YWJj", false },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w);
		w.auth.logins.allowed |= MECHANISM_BIT(SCRAM_SHA_1_PLUS);
		CHECK(ask(&w, MECHANISM_ID_SCRAM_SHA_1_PLUS,
			  (struct message_AUTH_ASK){
				  .has_response = 1,
				  .response = span_of(cases[i].message),
				  .exporter = cases[i].exporter,
				  .unique = cases[i].unique }));
		if (cases[i].is_bound)
			peer_hears(&w.auth.peer, MESSAGE_AUTH_MORE, NULL);
		else
			expect_failed(&w, FAULT_BINDING, 0, "");
		world_end(&w);
	}
}

/* RFC 5802 section 6: "y" says that the server has no -PLUS. */
static void test_an_exchange_is_bound_only_where_a_plus_is_allowed(void **state)
{
	struct world w;

	(void)state;
	for (int plus = 0; plus < 2; plus++) {
		world_begin(&w);
		if (plus)
			w.auth.logins.allowed |= MECHANISM_BIT(SCRAM_SHA_1_PLUS);
		CHECK(ask_sasl(&w, MECHANISM_ID_SCRAM_SHA_1,
			       SPAN("y,,n=alice,r=abcdef")));
		if (plus)
			expect_failed(&w, FAULT_BINDING, 0, "");
		else
			peer_hears(&w.auth.peer, MESSAGE_AUTH_MORE, NULL);
		world_end(&w);
	}
}

/* ---- offers and boards ---- */

static void test_offers_are_told_whenever_they_are_asked_for(void **state)
{
	const struct message which = { .kind = MESSAGE_AUTH_WHICH };
	struct world w;

	(void)state;
	world_begin(&w);
	for (int i = 0; i < 2; i++) {
		CHECK(hear(&w, &which));
		CHECK_EQ(peer_hears(&w.auth.peer, MESSAGE_AUTH_OFFERS, NULL)
				 ->AUTH_OFFERS.mechanisms,
			 w.auth.logins.allowed);
	}
	expect_nothing(&w);
	world_end(&w);
}

static void test_that_nobody_can_log_in_is_logged_once_until_somebody_can(void **state)
{
	const struct message which = { .kind = MESSAGE_AUTH_WHICH };
	struct world w;

	(void)state;
	world_begin(&w);
	for (int i = 0; i < 6; i++) {
		const bool useless = i % 3 != 0;

		peer_log_begin();
		w.auth.logins.allowed = useless ? MECHANISM_BIT(ANONYMOUS)
						: MECHANISM_BIT(USER);
		CHECK(hear(&w, &which));
		CHECK_EQ(peer_hears(&w.auth.peer, MESSAGE_AUTH_OFFERS, NULL)
				 ->AUTH_OFFERS.mechanisms,
			 useless ? 0 : MECHANISM_BIT(USER));
		CHECK_EQ(peer_log_has("event=nobody-can-log-in why=\"ANONYMOUS needs "
				      "anonymous-user\""),
			 i == 1 || i == 4);
	}
	world_end(&w);
}

/* A thread may pause between its look and the log, while another sees that a user came.
 */
static void test_a_look_that_is_out_of_date_is_not_logged(void **state)
{
	const struct message which = { .kind = MESSAGE_AUTH_WHICH };
	struct world w;

	(void)state;
	world_begin(&w);
	peer_log_begin();
	w.auth.logins.allowed = MECHANISM_BIT(CRAM_MD5);
	for (int i = 0; i < 2; i++) {
		old_looks = 1;
		CHECK(hear(&w, &which));
		CHECK_EQ(peer_hears(&w.auth.peer, MESSAGE_AUTH_OFFERS, NULL)
				 ->AUTH_OFFERS.mechanisms,
			 MECHANISM_BIT(CRAM_MD5));
	}
	CHECK_TEXT(peer_log, "");
	world_end(&w);
}

static void test_what_each_mechanism_needs_is_logged_whole(void **state)
{
	const struct message which = { .kind = MESSAGE_AUTH_WHICH };
	static const char *const ends[] = { "why=\"APOP needs ",
					    "; ANONYMOUS needs anonymous-user\"\n" };
	struct world w;

	(void)state;
	world_begin(&w);
	w.auth.people.driver = &tokens; /* whose users have passwords of no kind */
	w.auth.logins.rules.tokens = NULL;
	for (enum mechanism m = 0; m < MECHANISM_COUNT; m++)
		if (m == MECHANISM_ID_APOP || m == MECHANISM_ID_GSSAPI ||
		    m == MECHANISM_ID_ANONYMOUS || m == MECHANISM_ID_OAUTHBEARER ||
		    m == MECHANISM_ID_XOAUTH2 || sasl_wants(m))
			w.auth.logins.allowed |= 1u << m;
		else
			w.auth.logins.allowed &= ~(1u << m);
	CHECK(hear(&w, &which));
	CHECK_EQ(peer_hears(&w.auth.peer, MESSAGE_AUTH_OFFERS, NULL)
			 ->AUTH_OFFERS.mechanisms,
		 0);
	for (size_t i = 0; i < 2; i++)
		CHECK(peer_log_has(ends[i]));
	world_end(&w);
}

static void test_a_board_is_given_for_a_ticket(void **state)
{
	static const struct {
		const char *name;
		bool forged;
		enum fault fault;
	} cases[] = { { "News", false, FAULT_NONE },
		      { "olds", false, FAULT_NO_BOARD },
		      { "news", true, FAULT_PEER } };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int session;

		world_begin(&w);
		CHECK(ask_password(&w, "alice", "tanstaaf"));
		const struct message *m =
			peer_hears(&w.auth.peer, MESSAGE_AUTH_OK, &session);
		const struct span given = m->AUTH_OK.ticket;
		memcpy(ticket, given.at, given.len);
		ticket[given.len - 1] ^= cases[i].forged;
		const struct message asks = {
			.kind = MESSAGE_BOARD_ASK,
			.BOARD_ASK = { .id = w.id,
				       .board = 1,
				       .name = span_of(cases[i].name),
				       .ticket = { ticket, given.len } },
		};
		close(session);
		expect_offers(&w);
		CHECK(hear(&w, &asks));
		if (cases[i].fault == FAULT_NONE) {
			m = peer_hears(&w.auth.peer, MESSAGE_BOARD_OK, &session);
			CHECK_EQ(m->BOARD_OK.id, w.id);
			CHECK_SPAN(m->BOARD_OK.name, "news");
			close(session);
		} else {
			m = peer_hears(&w.auth.peer, MESSAGE_BOARD_FAILED, NULL);
			CHECK_EQ(m->BOARD_FAILED.id, w.id);
			CHECK_EQ(m->BOARD_FAILED.fault, cases[i].fault);
		}
		CHECK_EQ(peer_log_has("event=board-trouble board=news"),
			 cases[i].forged);
		world_end(&w);
	}
}

/* ---- threads that share the link ---- */

enum { THREADS = 4, EXCHANGES = 12, ALL = THREADS * EXCHANGES };

struct asker {
	struct logins_link *link;
	uint64_t first; /* of its connections */
	bool heard;     /* each time, the link went on */
	pthread_t thread;
};

/* Connections with an odd id show the right password. */
static const char *response_of(uint64_t id)
{
	return id % 2 ? "AGFsaWNlAHRhbnN0YWFm" : "AGFsaWNlAHdyb25n";
}

static void *ask_in_turn(void *arg)
{
	struct asker *a = arg;

	a->heard = true;
	for (uint64_t id = a->first; id < a->first + EXCHANGES; id++) {
		struct channel_inbox begins = {
			.message = { .kind = MESSAGE_AUTH_ASK,
				     .AUTH_ASK = { .id = id,
						   .exchange = 1,
						   .mechanism = MECHANISM_ID_PLAIN,
						   .waited = 1,
						   .peer = SPAN(PEER) } }
		};
		struct channel_inbox goes_on = {
			.message = { .kind = MESSAGE_AUTH_NEXT,
				     .AUTH_NEXT = { id, 1, 1,
						    span_of(response_of(id)) } }
		};

		a->heard = logins_hear(a->link, &begins) && a->heard;
		a->heard = logins_hear(a->link, &goes_on) && a->heard;
	}
	return NULL;
}

/* One answer. Counts the answers to its connection; an offer counts for connection 0.
 */
static void take_answer(struct world *w, unsigned counts[1 + ALL])
{
	static struct channel_inbox inbox;
	const struct message *m = &inbox.message;
	uint64_t id = 0;

	CHECK_EQ(channel_receive(&w->auth.peer, CHANNEL_WAIT, &inbox), CHANNEL_MESSAGE);
	if (m->kind != MESSAGE_AUTH_OFFERS) {
		id = m->AUTH_OK.id; /* the first field of each answer */
		CHECK(id > 0 && id <= ALL);
		CHECK_EQ(m->kind, counts[id] == 0 ? MESSAGE_AUTH_MORE
				  : id % 2        ? MESSAGE_AUTH_OK
						  : MESSAGE_AUTH_FAILED);
	}
	if (m->kind == MESSAGE_AUTH_OK) {
		close(inbox.files.at[0]);
		peer_hears(&w->auth.drop, MESSAGE_GRANT, NULL);
	}
	counts[id]++;
}

/* Every connection gets the answers to its own exchange, in their order; the offers
 * come once; and nothing stays behind. */
static void test_threads_that_share_a_link_answer_each_connection(void **state)
{
	unsigned counts[1 + ALL] = { 0 };
	struct asker askers[THREADS];
	struct world w;

	(void)state;
	world_begin(&w);
	for (unsigned i = 0; i < THREADS; i++) {
		askers[i] =
			(struct asker){ .link = &w.link, .first = 1 + i * EXCHANGES };
		CHECK_EQ(pthread_create(&askers[i].thread, NULL, ask_in_turn,
					&askers[i]),
			 0);
	}
	for (unsigned i = 0; i < 1 + 2 * ALL; i++)
		take_answer(&w, counts);
	for (unsigned i = 0; i < THREADS; i++) {
		CHECK_EQ(pthread_join(askers[i].thread, NULL), 0);
		CHECK(askers[i].heard);
	}
	for (unsigned id = 0; id <= ALL; id++)
		CHECK_EQ(counts[id], id == 0 ? 1 : 2);
	expect_nothing(&w);
	CHECK_EQ(w.link.exchanges.count, 0);
	CHECK_EQ(atomic_load(&w.link.answers.unread), 1 + 2 * ALL);
	CHECK_TEXT(peer_log, "");
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_login_is_answered_and_the_front_learns_the_offers_once),
		TEST(test_each_refusal_says_why_and_only_a_guess_is_delayed),
		TEST(test_what_no_front_of_ours_asks_ends_the_link),
		TEST(test_a_front_that_is_gone_is_not_reported),
		TEST(test_a_guess_waits_and_is_checked_when_it_has),
		TEST(test_a_delayed_exchange_is_kept_for_the_second_question),
		TEST(test_a_guess_in_a_later_response_waits_too),
		TEST(test_failures_in_later_responses_count),
		TEST(test_a_login_makes_its_user_and_network_known),
		TEST(test_an_exchange_goes_on_where_it_stopped),
		TEST(test_an_empty_response_is_one),
		TEST(test_an_exchange_for_which_there_is_no_memory_fails),
		TEST(test_an_exchange_that_fails_says_who_claimed_to_be_there),
		TEST(test_a_cancelled_exchange_is_gone),
		TEST(test_a_refusal_that_the_client_does_not_answer_counts),
		TEST(test_an_exchange_is_bound_to_what_the_front_says),
		TEST(test_an_exchange_is_bound_only_where_a_plus_is_allowed),
		TEST(test_offers_are_told_whenever_they_are_asked_for),
		TEST(test_that_nobody_can_log_in_is_logged_once_until_somebody_can),
		TEST(test_a_look_that_is_out_of_date_is_not_logged),
		TEST(test_what_each_mechanism_needs_is_logged_whole),
		TEST(test_a_board_is_given_for_a_ticket),
		TEST(test_threads_that_share_a_link_answer_each_connection),
	};

	return scheme_start() && login_start() && sasl_start() ? RUN(tests) : 1;
}
