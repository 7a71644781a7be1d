/* auth/sasl/bearer.c - the client's message and the server's error of OAUTHBEARER and
 * XOAUTH2.
 *
 * Prefix: bearer_.
 */
#include "auth/sasl/bearer.h"

#include "base/ascii.h"

enum { KVSEP = '\x01' }; /* RFC 7628 section 3.1 */

static const struct {
	const char *bad_request, *bad_token;
} table[BEARER_COUNT] = {
#define X(id, request, token) [BEARER_##id] = { request, token },
	BEARER_TABLE(X)
#undef X
};

/* A user's name has no control characters. */
static bool is_clean(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
			return false;
	return true;
}

/* RFC 6750 section 2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static bool is_token(struct span s)
{
	while (s.len > 0 && s.at[s.len - 1] == '=')
		s.len--;
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_plain(s.at[i], "-._~+/"))
			return false;
	return s.len > 0;
}

/* "Bearer" 1*SP token, as in HTTP's Authorization; the scheme in any case. */
static bool parse_credentials(struct span s, struct span *out_token)
{
	if (!span_starts_nocase(s, "Bearer "))
		return false;
	s = span_after(s, strlen("Bearer"));
	while (s.len > 0 && s.at[0] == ' ')
		s = span_after(s, 1);
	*out_token = s;
	return is_token(s);
}

/* ---- OAUTHBEARER ---- */

/* RFC 5801 section 4: in a saslname, "=2C" stands for ',' and "=3D" for '='. */
static bool parse_saslname(struct span s, char out[BEARER_USER_MAX + 1])
{
	struct buf name = { .at = out, .room = BEARER_USER_MAX };

	while (s.len > 0) {
		bool comma = span_starts(s, "=2C");

		if (comma || span_starts(s, "=3D")) {
			buf_char(&name, comma ? ',' : '=');
			s = span_after(s, 3);
			continue;
		}
		if (s.at[0] == '=')
			return false;
		buf_char(&name, s.at[0]);
		s = span_after(s, 1);
	}
	out[name.len] = '\0';
	return name.len > 0 && !name.cut;
}

/* "n," or "y,", since bearer tokens have no channel binding ("p="); then ["a="
 * saslname] and a comma. */
static bool parse_gs2_header(struct span header, char out[BEARER_USER_MAX + 1])
{
	struct span flag, name;

	if (!span_cut(&header, ',', &flag) || !span_cut(&header, ',', &name) ||
	    header.len > 0)
		return false;
	if (!span_is(flag, "n") && !span_is(flag, "y"))
		return false;
	if (name.len == 0)
		return true;
	return span_starts(name, "a=") && is_clean(name) &&
	       parse_saslname(span_after(name, 2), out);
}

/* *(VCHAR / SP / HTAB / CR / LF) */
static bool is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.at[i] < ' ' || s.at[i] > '~') &&
		    (s.at[i] == '\0' || !strchr("\t\r\n", s.at[i])))
			return false;
	return true;
}

static bool is_key(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_letter(s.at[i]))
			return false;
	return s.len > 0;
}

static bool is_port(struct span s)
{
	uint32_t port;

	return span_u32(s, &port) && port > 0 && port <= 65535 && s.at[0] != '0';
}

/* The keys that may occur only once, as far as they have been seen. */
struct pairs {
	struct span auth;
	bool has_auth, has_host, has_port;
};

static bool once(bool *io_seen)
{
	bool first = !*io_seen;

	*io_seen = true;
	return first;
}

static bool parse_pair(struct span pair, struct pairs *p)
{
	struct span key;

	if (!span_cut(&pair, '=', &key) || !is_key(key) || !is_value(pair))
		return false;
	if (span_is(key, "auth")) {
		p->auth = pair;
		return once(&p->has_auth);
	}
	if (span_is(key, "host"))
		return once(&p->has_host) && pair.len > 0;
	if (span_is(key, "port"))
		return once(&p->has_port) && is_port(pair);
	return true;
}

/* gs2-header kvsep *(key "=" value kvsep) kvsep */
static bool parse_oauthbearer(struct span s, struct bearer *out)
{
	struct pairs pairs = { 0 };
	struct span header, pair;

	if (!span_cut(&s, KVSEP, &header) || !parse_gs2_header(header, out->user))
		return false;
	while (s.len > 0 && s.at[0] != KVSEP)
		if (!span_cut(&s, KVSEP, &pair) || !parse_pair(pair, &pairs))
			return false;
	if (s.len != 1 || !pairs.has_auth)
		return false;
	return pairs.auth.len == 0 || parse_credentials(pairs.auth, &out->token);
}

/* ---- XOAUTH2 ---- */

/* "user=" name kvsep "auth=Bearer " token kvsep kvsep, in this order, nothing else. */
static bool parse_xoauth2(struct span s, struct bearer *out)
{
	struct span user, auth;

	if (!span_cut(&s, KVSEP, &user) || !span_cut(&s, KVSEP, &auth) || s.len != 1 ||
	    s.at[0] != KVSEP)
		return false;
	if (!span_starts(user, "user=") || !span_starts(auth, "auth="))
		return false;
	user = span_after(user, strlen("user="));
	return user.len > 0 && is_clean(user) &&
	       span_copy(user, out->user, sizeof out->user) &&
	       parse_credentials(span_after(auth, strlen("auth=")), &out->token);
}

enum fault bearer_parse(enum bearer_dialect dialect, struct span message,
			struct bearer *out)
{
	struct bearer b = { .token = SPAN("") };
	bool ok = false;

	if (message.len > BEARER_OCTETS_MAX)
		return FAULT_OVERLONG;
	switch (dialect) {
	case BEARER_OAUTHBEARER:
		ok = parse_oauthbearer(message, &b);
		break;
	case BEARER_XOAUTH2:
		ok = parse_xoauth2(message, &b);
		break;
	case BEARER_COUNT:
		break;
	}
	if (!ok)
		return FAULT_SYNTAX;
	if (b.token.len > BEARER_TOKEN_MAX)
		return FAULT_OVERLONG;
	*out = b;
	return FAULT_NONE;
}

/* ---- the error ---- */

static void put_string(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ') {
			buf_text(out, "\\u00");
			buf_hex(out, &c, 1);
			continue;
		}
		if (c == '"' || c == '\\')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

static void put_member(struct buf *out, const char *name, const char *value)
{
	if (!*value)
		return;
	buf_char(out, ',');
	put_string(out, name);
	buf_char(out, ':');
	put_string(out, value);
}

void bearer_put_error(enum bearer_dialect dialect, enum fault f, const char *scope,
		      const char *openid_configuration, struct buf *out)
{
	bool unread = f == FAULT_SYNTAX || f == FAULT_OVERLONG;

	buf_text(out, "{\"status\":");
	put_string(out, unread ? table[dialect].bad_request : table[dialect].bad_token);
	put_member(out, "schemes", "bearer");
	put_member(out, "scope", scope);
	if (dialect == BEARER_OAUTHBEARER)
		put_member(out, "openid-configuration", openid_configuration);
	buf_char(out, '}');
}
