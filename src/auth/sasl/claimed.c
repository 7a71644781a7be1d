/* auth/sasl/claimed.c - the claimed name in a response, before the response is checked.
 *
 * Prefix: sasl_. A guess is delayed before it is checked, and the delay depends on the
 * claimed name. Some mechanisms send the name together with the proof, so that the name
 * is parsed here, ahead of the check.
 */
#include "auth/sasl/exchange_inner.h"
#include "auth/user/base64.h"
#include "base/own.h"
#include "base/secret.h"

typedef struct span find_fn(struct span response);

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
static struct span in_plain(struct span response)
{
	struct span authzid, authid;

	if (!span_cut(&response, '\0', &authzid) || !span_cut(&response, '\0', &authid))
		return (struct span){ 0 };
	return authid;
}

/* RFC 2195: user SP digest, which is 32 digits. */
static struct span in_cram_md5(struct span response)
{
	enum { DIGEST_OCTETS = 32 };

	if (response.len <= DIGEST_OCTETS)
		return (struct span){ 0 };
	const size_t space = response.len - DIGEST_OCTETS - 1;
	return (struct span){ response.at, response.at[space] == ' ' ? space : 0 };
}

/* ---- DIGEST-MD5: name="value",name=value (RFC 2831 section 2.1.2) ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void cut_blanks(struct span *io)
{
	while (io->len > 0 && is_blank(io->at[0]))
		*io = span_after(*io, 1);
}

static bool cut_char(struct span *io, char c)
{
	if (io->len == 0 || io->at[0] != c)
		return false;
	*io = span_after(*io, 1);
	return true;
}

/* RFC 2616 section 2.2. */
static bool cut_token(struct span *io, struct span *out)
{
	size_t n = 0;

	while (n < io->len && io->at[n] > ' ' && io->at[n] < 0x7f &&
	       !strchr("()<>@,;:\\\"/[]?={}", io->at[n]))
		n++;
	*out = (struct span){ io->at, n };
	*io = span_after(*io, n);
	return n > 0;
}

/* With its quotes. A backslash before a quote is refused: GNU SASL takes the quote for
 * the end, and RFC 2831 does not. */
static bool cut_quoted(struct span *io, struct span *out)
{
	size_t n = 1;

	while (n < io->len && io->at[n] != '"' && io->at[n] != '\0')
		n++;
	if (n >= io->len || io->at[n] == '\0' || io->at[n - 1] == '\\')
		return false;
	*out = (struct span){ io->at, n + 1 };
	*io = span_after(*io, n + 1);
	return true;
}

static bool cut_directive(struct span *io, struct span *name, struct span *value)
{
	if (!cut_token(io, name) || !cut_char(io, '='))
		return false;
	return io->len > 0 && io->at[0] == '"' ? cut_quoted(io, value)
					       : cut_token(io, value);
}

/* The text between the quotes; empty if GNU SASL would strip blanks from it. */
static struct span unquote(struct span value)
{
	if (value.len <= 2 || value.at[0] != '"' || is_blank(value.at[1]) ||
	    is_blank(value.at[value.len - 2]))
		return (struct span){ 0 };
	return (struct span){ value.at + 1, value.len - 2 };
}

struct span sasl_digest_name(struct span response)
{
	struct span name = { 0 }, key, value;

	while (cut_blanks(&response), response.len > 0) {
		if (cut_char(&response, ','))
			continue;
		if (!cut_directive(&response, &key, &value))
			return (struct span){ 0 };
		cut_blanks(&response);
		if (response.len > 0 && response.at[0] != ',')
			return (struct span){ 0 };
		if (!span_is_nocase(key, "username"))
			continue;
		if (name.at || unquote(value).len == 0)
			return (struct span){ 0 };
		name = unquote(value);
	}
	return name;
}

/* A bearer token is not a guess at one user's secret: it counts for the address alone.
 */
static struct span in_token(struct span response)
{
	return span_after(response, response.len);
}

static find_fn *const finds[MECHANISM_COUNT] = {
	[MECHANISM_ID_PLAIN] = in_plain,
	[MECHANISM_ID_CRAM_MD5] = in_cram_md5,
	[MECHANISM_ID_DIGEST_MD5] = sasl_digest_name,
	[MECHANISM_ID_OAUTHBEARER] = in_token,
	[MECHANISM_ID_XOAUTH2] = in_token,
};

static void read_ahead(find_fn *find, struct span response, char *out, size_t room)
{
	OWN_TEXT octets = malloc(SASL_RESPONSE_MAX + 1);
	size_t len = 0;

	if (!octets)
		return;
	if (base64_decode(response, octets, SASL_RESPONSE_MAX, &len) &&
	    !span_copy(find((struct span){ octets, len }), out, room))
		out[0] = '\0';
	secret_wipe(octets, SASL_RESPONSE_MAX + 1);
}

bool sasl_is_guess(const struct sasl *s, struct span response,
		   char out[LOGIN_NAME_OCTETS + 1])
{
	find_fn *find = finds[s->way.mechanism];

	out[0] = '\0';
	if (response.len == 0 || s->refused) /* the client has failed already */
		return false;
	if (find)
		read_ahead(find, response, out, LOGIN_NAME_OCTETS + 1);
	else
		memcpy(out, s->claimed, sizeof s->claimed);
	return find || out[0];
}
