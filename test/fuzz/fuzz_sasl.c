/* SASL exchanges of every mechanism, with whatever responses: nobody comes in whom the
 * octets do not prove.
 *
 * The database's passwords and keys are random, and new for each input, but for the
 * guest's, which is known: so only the guest, whom a certificate names, and the
 * anonymous come in. An input is four choices and then lines, one for each response:
 *
 *	-       none (at the beginning only)
 *	=TEXT   TEXT, as it stands
 *	TEXT    TEXT, in base64; in it the octets below stand for what no fuzzer guesses
 */
#include "fuzz.h"

#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth/sasl/gssapi.h"
#include "auth/sasl/sasl.h"
#include "auth/user/scheme.h"
#include "base/buf.h"

enum {
	NUL = 0x80, /* a NUL, for those who write inputs by hand */
	NONCE,      /* the value behind r= or nonce= in the challenge before */
	CHALLENGE,  /* all of it */
	PADDING,    /* as much as makes the response too long, or nearly */
	STEPS = 6,
	TEXT_MAX = 4 * SASL_CHALLENGE_MAX / 3 + 5,
};

/* ---- a database in memory ---- */

struct store {
	struct database database;
	char stored[SCHEME_STORED_MAX]; /* of everybody but the guest */
	bool master, down, disabled;
	unsigned kept;
};

static void release(void *owner)
{
	((struct store *)owner)->kept--;
}

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	struct store *store = (struct store *)db;
	static const char *const names[] = { "alice", "bob", "guest" };

	PROMISE(name.len <= LOGIN_NAME_OCTETS && !memchr(name.at, '\0', name.len));
	if (store->down) {
		fault_set(why, FAULT_IO, 0, "ask", "store");
		return DATABASE_DOWN;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!span_is(name, names[i]))
			continue;
		*out = (struct user_found){ .owner = store, .release = release };
		store->kept++;
		out->user.name = span_of(names[i]);
		out->user.stored = i == 2 ? SPAN("{PLAIN}guest")
					  : span_of(store->stored);
		out->user.master = store->master && i == 0;
		out->user.disabled = store->disabled && i != 2;
		return DATABASE_RIGHT;
	}
	return DATABASE_UNKNOWN;
}

static const struct database_driver driver = { .name = "store", .find = find };

static void put_random(struct buf *b, size_t octets)
{
	unsigned char raw[32];
	char text[64];

	randombytes_buf(raw, octets);
	buf_text(b, sodium_bin2base64(text, sizeof text, raw, octets,
				      sodium_base64_VARIANT_ORIGINAL));
}

/* {PLAIN} and a password, or SCRAM's iterations, salt and two keys that no password
 * has. */
static void make_stored(struct store *store, unsigned choice)
{
	static const struct {
		const char *head;
		size_t octets; /* of a key */
	} kinds[] = { { "{PLAIN}", 0 },
		      { "{SCRAM-SHA-256}2,", 32 },
		      { "{SCRAM-SHA-1}2,", 20 } };
	const size_t octets = kinds[choice % 3].octets;
	struct buf b = BUF(store->stored);

	buf_text(&b, kinds[choice % 3].head);
	put_random(&b, 16);
	for (int i = 0; i < 2 && octets > 0; i++) {
		buf_text(&b, ",");
		put_random(&b, octets);
	}
	buf_cstr(&b);
	PROMISE(!b.cut);
}

/* What MIT's library keeps of errors, once and for all. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libgssapi_krb5.so\n";
}

/* A keytab with one random key, of pop/localhost@POPLAR.TEST, where the build has
 * Kerberos. */
static bool start_gssapi(void)
{
	static const char head[] =
		"\5\2\0\0\0\x4c\0\2\0\13POPLAR.TEST\0\3pop\0\11localhost"
		"\0\0\0\1\0\0\0\0\1\0\22\0\40";
	unsigned char key[32];
	char path[64];
	struct why why = { 0 };
	int fd = memfd_create("keytab", 0);

	randombytes_buf(key, sizeof key);
	PROMISE(write(fd, head, sizeof head - 1) == sizeof head - 1);
	PROMISE(write(fd, key, sizeof key) == sizeof key);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	enum fault f = gssapi_start(path, &why);
	close(fd);
	return f == FAULT_NONE || !gssapi_is_built();
}

/* ---- one response ---- */

static struct span nonce_of(struct span challenge)
{
	static const struct span starts[] = { SPAN("r="), SPAN("nonce=\"") };
	struct span nonce = { challenge.at, 0 };

	for (size_t i = 0; i < 2; i++) {
		const char *at = memmem(challenge.at, challenge.len, starts[i].at,
					starts[i].len);

		if (!at)
			continue;
		nonce.at = at + starts[i].len;
		size_t rest = challenge.len - (size_t)(nonce.at - challenge.at);
		while (nonce.len < rest && nonce.at[nonce.len] != ',' &&
		       nonce.at[nonce.len] != '"')
			nonce.len++;
		return nonce;
	}
	return nonce;
}

static void put(struct buf *b, struct span s)
{
	if (s.len <= b->room - b->len) {
		memcpy(b->at + b->len, s.at, s.len);
		b->len += s.len;
	}
}

static void fill_in(struct span line, struct span challenge, struct buf *out)
{
	static const char padding[SASL_RESPONSE_MAX / 2];

	for (size_t i = 0; i < line.len; i++) {
		switch ((unsigned char)line.at[i]) {
		case NUL:
			put(out, (struct span){ "", 1 });
			break;
		case NONCE:
			put(out, nonce_of(challenge));
			break;
		case CHALLENGE:
			put(out, challenge);
			break;
		case PADDING:
			put(out, (struct span){ padding, sizeof padding });
			break;
		default:
			put(out, (struct span){ line.at + i, 1 });
		}
	}
}

/* In memory of exactly its size: a sanitizer sees who reads beyond. NULL: none. */
static char *make_response(struct span line, struct span challenge, size_t *out_len)
{
	char raw[3 * SASL_RESPONSE_MAX];
	struct buf b = BUF(raw);

	if (!line.at)
		return NULL;
	if (span_starts(line, "=")) {
		put(&b, span_after(line, 1));
	} else {
		char text[4 * sizeof raw / 3 + 5];

		fill_in(line, challenge, &b);
		*out_len = strlen(sodium_bin2base64(text, sizeof text,
						    (const unsigned char *)raw, b.len,
						    sodium_base64_VARIANT_ORIGINAL));
		return memcpy(malloc(*out_len), text, *out_len);
	}
	*out_len = b.len;
	return memcpy(malloc(b.len), raw, b.len);
}

/* ---- the exchange ---- */

struct play {
	struct store store;
	struct login_rules rules;
	struct login_way way;
	struct sasl_channel channel;
};

/* Who may have come in, by what the input can know? */
static void check_in(const struct play *p, const struct user_found *found)
{
	const struct user *u = &found->user;
	const struct span cert = p->channel.certificate;

	PROMISE(!p->store.down && !u->disabled);
	switch (p->way.mechanism) {
	case MECHANISM_ID_ANONYMOUS:
		PROMISE(p->rules.anonymous.len > 0 && u->read_only);
		PROMISE(span_is(u->name, "bob"));
		break;
	case MECHANISM_ID_EXTERNAL:
		PROMISE(cert.len > 0);
		PROMISE((u->name.len == cert.len &&
			 memcmp(u->name.at, cert.at, cert.len) == 0) ||
			(span_is(cert, "alice") && p->store.master));
		break;
	default: /* one proof that the input can know, and nobody else's name by it */
		PROMISE(span_is(u->name, "guest"));
	}
}

/* *out_len octets of text become what the challenge stands for. */
static void check_challenge(const struct buf *out, char *text, size_t *out_len)
{
	unsigned char raw[SASL_CHALLENGE_MAX];

	PROMISE(!out->cut && out->len == strlen(out->at));
	PROMISE(sodium_base642bin(raw, sizeof raw, out->at, out->len, NULL, out_len,
				  NULL, sodium_base64_VARIANT_ORIGINAL) == 0);
	memcpy(text, raw, *out_len);
}

/* Whose secret was guessed at is whose failures count: those of another name delayed
 * nobody. */
static void check_claim(const struct play *p, const char *claim, struct span claims)
{
	struct login_name name;
	static const unsigned at_once = MECHANISM_BIT(PLAIN) | MECHANISM_BIT(CRAM_MD5) |
					MECHANISM_BIT(DIGEST_MD5);

	if (claims.len == 0 || !(at_once >> p->way.mechanism & 1))
		return;
	if (p->way.mechanism == MECHANISM_ID_PLAIN) {
		PROMISE(span_is(claims, claim));
		return;
	}
	if (login_name(&p->rules, span_of(claim), &name))
		claim = name.text;
	PROMISE(span_is(claims, claim));
}

static enum sasl_says step(struct play *p, struct sasl *sasl, struct span line,
			   char challenge[SASL_CHALLENGE_MAX], size_t *io_len)
{
	char text[TEXT_MAX];
	struct buf out = BUF(text);
	struct user_found found = { 0 };
	struct why why = { 0 };
	size_t len = 0;
	char *response = make_response(line, (struct span){ challenge, *io_len }, &len);
	char claim[LOGIN_NAME_OCTETS + 1] = "";
	const bool known = sasl_claimed_name(sasl).len > 0;

	if (!response || !sasl_is_guess(sasl, (struct span){ response, len }, claim))
		claim[0] = '\0';
	enum sasl_says says =
		sasl_step(sasl, (struct span){ response, len }, &out, &found, &why);

	free(response);
	PROMISE(says == SASL_IN || (!found.owner && !found.release));
	PROMISE((says == SASL_OUT) == (why.fault != FAULT_NONE));
	PROMISE(sasl_claimed_name(sasl).len <= LOGIN_NAME_OCTETS);
	if (!known)
		check_claim(p, claim, sasl_claimed_name(sasl));
	if (says == SASL_MORE)
		check_challenge(&out, challenge, io_len);
	else if (says == SASL_IN)
		check_in(p, &found);
	else
		PROMISE(why.fault == FAULT_DENIED || why.fault == FAULT_BAD_RESPONSE ||
			why.fault == FAULT_BINDING ||
			(why.fault == FAULT_IO && p->store.down));
	user_release(&found);
	return says;
}

static void choose(struct play *p, struct span *io)
{
	static const struct span certificates[] = { SPAN(""), SPAN("alice"),
						    SPAN("bob"), SPAN("nobody") };
	const unsigned mechanism = fuzz_take(io), store = fuzz_take(io),
		       rules = fuzz_take(io), tls = fuzz_take(io);

	*p = (struct play){ .way = { MECHANISM_ID_PLAIN +
					     mechanism % (MECHANISM_COUNT -
							  MECHANISM_ID_PLAIN),
				     tls & 1, SPAN("[2001:db8::1]:110") } };
	p->store.database = (struct database){ .driver = &driver, .name = "store" };
	p->store.master = store & 4;
	p->store.down = (store & 0x18) == 0x18;
	p->store.disabled = store & 0x20;
	make_stored(&p->store, store & 3);
	p->rules = (struct login_rules){ .databases = &p->store.database,
					 .master_separator = rules & 1 ? '*' : '\0',
					 .anonymous = SPAN(""),
					 .default_domain = SPAN(""),
					 .realm = rules & 2 ? "POPLAR.TEST" : "",
					 .fold = rules & 4 };
	if (rules & 8)
		p->rules.anonymous = SPAN("bob");
	p->channel.certificate = certificates[tls >> 1 & 3];
	p->channel.exporter = tls & 8 ? SPAN("the exporter's octets") : SPAN("");
	p->channel.unique = tls & 0x10 ? SPAN("the Finished of one") : SPAN("");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size }, line;
	char challenge[SASL_CHALLENGE_MAX];
	enum sasl_says says = SASL_MORE;
	static bool started;
	struct play p;
	size_t len = 0;

	if (!started)
		started = scheme_start() && start_gssapi() && login_start() &&
			  sasl_start();
	PROMISE(started);
	choose(&p, &in);
	struct sasl *sasl = sasl_new(&p.rules, &p.way, &p.channel);

	PROMISE(sasl || (p.way.mechanism == MECHANISM_ID_GSSAPI && !gssapi_is_built()));
	for (int i = 0; sasl && i < STEPS && says == SASL_MORE; i++) {
		span_cut(&in, '\n', &line);
		if (i == 0 && span_is(line, "-"))
			line = (struct span){ 0 };
		else if (!line.at)
			line = SPAN("");
		says = step(&p, sasl, line, challenge, &len);
	}
	sasl_free(sasl);
	PROMISE(p.store.kept == 0);
	return 0;
}
