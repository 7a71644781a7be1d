/* Promises of authd/throttle: whose failures delay whom. */
#include "peer.h"
#include "site.h"

#include "auth/user/scheme.h"
#include "authd/throttle.h"

struct world {
	struct settings settings;
	struct login_rules rules;
	struct throttle throttle;
};

static void world_begin(struct world *w, const char *delay)
{
	peer_log_begin();
	*w = (struct world){ .rules = { .default_domain = SPAN("example.org"),
					.fold = true,
					.master_separator = '*' } };
	site_begin(&w->settings);
	site_set(&w->settings, SETTING_ID_failure_delay, delay);
	site_set(&w->settings, SETTING_ID_trusted_networks, "10.0.0.0/8");
	site_set(&w->settings, SETTING_ID_trusted_networks, "2001:db8::/32");
	CHECK(throttle_start(&w->throttle, &w->settings, &w->rules));
}

static void world_end(struct world *w)
{
	delays_free(w->throttle.delays);
	settings_done(&w->settings);
}

/* One more failure than are free for a name, each from another network. */
static void fail_everywhere(struct world *w, struct span name)
{
	for (int i = 0; i <= DELAYS_FREE_NAME; i++) {
		char peer[64];

		snprintf(peer, sizeof peer, "198.51.%d.1:1", i);
		throttle_denied(&w->throttle, span_of(peer), name);
	}
}

static void test_names_count_as_the_databases_know_them(void **state)
{
	static char longer[300], longest[255];
	static const struct {
		struct span failed, asked;
		bool same;
	} cases[] = {
		{ SPAN("alice"), SPAN("alice"), true },
		{ SPAN("ALICE"), SPAN("alice@example.org"), true },
		{ SPAN("alice"), SPAN("alice@example.com"), false },
		{ SPAN("alice"), SPAN("bob"), false },
		/* the password that is shown is the master's */
		{ SPAN("bob*boss"), SPAN("boss"), true },
		{ SPAN("bob*boss"), SPAN("bob"), false },
		/* no user can have such a name */
		{ SPAN("a\nb"), SPAN("a\nb"), true },
		{ SPAN("a\nb"), SPAN("a\nc"), false },
		{ { longer, 300 }, { longest, 255 }, true },
		{ { longer, 300 }, { longest, 254 }, false },
		/* nothing is known of the name: the address alone counts */
		{ SPAN(""), SPAN(""), false },
	};
	struct world w;

	(void)state;
	memset(longer, 'x', sizeof longer);
	memset(longest, 'x', sizeof longest);
	longest[0] = longer[0] = '\1';
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(&w, "1s");
		fail_everywhere(&w, cases[i].failed);
		CHECK_EQ(throttle_ask(&w.throttle, SPAN("203.0.113.1:1"),
				      cases[i].asked),
			 cases[i].same ? 1000 : 0);
		world_end(&w);
	}
}

static void test_an_address_counts_without_its_port(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, "1s");
	for (int i = 0; i <= DELAYS_FREE_ADDRESS; i++)
		throttle_denied(&w.throttle, SPAN("[2001:db9::1]:7"), SPAN("a"));
	CHECK_EQ(throttle_ask(&w.throttle, SPAN("[2001:db9::1]:8"), SPAN("b")), 1000);
	CHECK_EQ(throttle_ask(&w.throttle, SPAN("[2001:db9:1::1]:7"), SPAN("c")), 0);
	CHECK(peer_log_has("event=login-delayed user=b peer=[2001:db9::1]:8 "
			   "seconds=1"));
	CHECK(!peer_log_has("user=c"));
	world_end(&w);
}

static void test_a_client_without_an_address_counts_by_the_name_alone(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, "1s");
	for (int i = 0; i < DELAYS_FREE_NAME; i++)
		throttle_denied(&w.throttle, SPAN("unknown"), SPAN("alice"));
	CHECK_EQ(throttle_ask(&w.throttle, SPAN("unknown"), SPAN("alice")), 0);
	throttle_denied(&w.throttle, SPAN("unknown"), SPAN("alice"));
	CHECK_EQ(throttle_ask(&w.throttle, SPAN("unknown"), SPAN("bob")), 0);
	CHECK_EQ(throttle_ask(&w.throttle, SPAN("unknown"), SPAN("alice")), 1000);
	world_end(&w);
}

static void test_trusted_networks_are_neither_delayed_nor_counted(void **state)
{
	static const struct {
		const char *peer;
		bool trusted;
	} cases[] = { { "10.1.2.3:4", true },
		      { "[2001:db8::1]:4", true },
		      { "11.1.2.3:4", false },
		      { "[2001:db9::1]:4", false } };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct span peer = span_of(cases[i].peer);

		world_begin(&w, "1s");
		fail_everywhere(&w, SPAN("bob"));
		CHECK_EQ(throttle_ask(&w.throttle, peer, SPAN("bob")),
			 cases[i].trusted ? 0 : 1000);
		for (int n = 0; n <= DELAYS_FREE_NAME; n++)
			CHECK_EQ(throttle_denied(&w.throttle, peer, SPAN("alice")),
				 1000);
		CHECK_EQ(throttle_ask(&w.throttle, SPAN("203.0.113.1:1"),
				      SPAN("alice")) > 0,
			 !cases[i].trusted);
		CHECK_EQ(throttle_ask(&w.throttle, peer, SPAN("carol")) > 0,
			 !cases[i].trusted);
		world_end(&w);
	}
}

static void test_a_user_is_not_delayed_by_others_where_the_user_has_been(void **state)
{
	const struct span home = SPAN("203.0.113.7:1"), near = SPAN("203.0.113.9:1");
	struct world w;

	(void)state;
	world_begin(&w, "1s");
	throttle_good(&w.throttle, home, SPAN("Alice"));
	fail_everywhere(&w, SPAN("alice"));
	CHECK_EQ(throttle_ask(&w.throttle, near, SPAN("alice")), 0);
	CHECK_EQ(throttle_ask(&w.throttle, SPAN("192.0.2.1:1"), SPAN("alice")), 1000);
	world_end(&w);
}

static void test_no_delay_is_set(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w, "0");
	fail_everywhere(&w, SPAN("alice"));
	CHECK_EQ(throttle_ask(&w.throttle, SPAN("203.0.113.1:1"), SPAN("alice")), 0);
	CHECK_EQ(throttle_denied(&w.throttle, SPAN("203.0.113.1:1"), SPAN("a")), 0);
	world_end(&w);
}

static void test_a_malformed_network_stops_the_start(void **state)
{
	struct world w;
	struct throttle again = { 0 };

	(void)state;
	world_begin(&w, "1s");
	site_set(&w.settings, SETTING_ID_trusted_networks, "10.0.0.0/33");
	CHECK(!throttle_start(&again, &w.settings, &w.rules));
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names_count_as_the_databases_know_them),
		TEST(test_an_address_counts_without_its_port),
		TEST(test_a_client_without_an_address_counts_by_the_name_alone),
		TEST(test_trusted_networks_are_neither_delayed_nor_counted),
		TEST(test_a_user_is_not_delayed_by_others_where_the_user_has_been),
		TEST(test_no_delay_is_set),
		TEST(test_a_malformed_network_stops_the_start),
	};

	log_level(LOG_DEBUG);
	return scheme_start() ? RUN(tests) : 1;
}
