/* auth/sasl_claim.c - who a response is about, before it is looked at.
 *
 * Floor 2 (auth). Prefix: sasl_. Guesses are delayed before they are checked, by the
 * name, too; a mechanism that tells the name together with its proof is read ahead.
 */
#include <sodium.h>

#include "auth/sasl_inner.h"
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

/* RFC 2195: user SP digest. */
static struct span in_cram_md5(struct span response)
{
	const char *space = memrchr(response.at, ' ', response.len);

	return (struct span){ response.at, space ? (size_t)(space - response.at) : 0 };
}

/* RFC 2831 section 2.1.2: ...,username="user",... One that is written in another way is
 * not found, and counts by its address alone. */
static struct span in_digest_md5(struct span response)
{
	static const char begins[] = "username=\"";
	const char *at = memmem(response.at, response.len, begins, sizeof begins - 1);
	struct span name;

	if (!at)
		return (struct span){ 0 };
	response = span_after(response, (size_t)(at - response.at) + sizeof begins - 1);
	span_cut(&response, '"', &name);
	return name;
}

/* A token is no guess at one user's secret; whoever shows bad ones counts by the
 * address alone, before anybody is asked about the next. */
static struct span in_token(struct span response)
{
	return span_after(response, response.len);
}

static find_fn *const finds[MECHANISM_COUNT] = {
	[MECHANISM_ID_PLAIN] = in_plain,
	[MECHANISM_ID_CRAM_MD5] = in_cram_md5,
	[MECHANISM_ID_DIGEST_MD5] = in_digest_md5,
	[MECHANISM_ID_OAUTHBEARER] = in_token,
	[MECHANISM_ID_XOAUTH2] = in_token,
};

static void read_ahead(find_fn *find, struct span response, char *out, size_t room)
{
	OWN_TEXT octets = malloc(SASL_RESPONSE_MAX + 1);
	size_t len = 0;

	if (!octets)
		return;
	if (sodium_base642bin((unsigned char *)octets, SASL_RESPONSE_MAX, response.at,
			      response.len, NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    len > 0 && !span_copy(find((struct span){ octets, len }), out, room))
		out[0] = '\0';
	secret_wipe(octets, SASL_RESPONSE_MAX + 1);
}

bool sasl_claim(const struct sasl *s, struct span response,
		char out[LOGIN_NAME_OCTETS + 1])
{
	find_fn *find = finds[s->way.mechanism];

	out[0] = '\0';
	if (response.len == 0 || s->refused) /* it is out already */
		return false;
	if (find)
		read_ahead(find, response, out, LOGIN_NAME_OCTETS + 1);
	else
		memcpy(out, s->claims, sizeof s->claims);
	return find || out[0];
}

struct span sasl_proved(const struct sasl *s)
{
	return s->way.mechanism == MECHANISM_ID_ANONYMOUS ? SPAN("")
							  : span_of(s->claims);
}

struct span sasl_peer(const struct sasl *s)
{
	return s->way.peer;
}
