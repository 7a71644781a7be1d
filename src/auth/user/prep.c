/* auth/user/prep.c - SASLprep (RFC 4013): one form for texts that look the same.
 *
 * Prefix: prep_.
 */
#include "auth/user/prep.h"

#include <gsasl.h>
#include <stdlib.h>

#include "base/own.h"
#include "base/secret.h"
#include "base/utf8.h"

static void forget(char *text)
{
	if (text)
		secret_wipe(text, strlen(text));
	free(text);
}

/* NULL: the text cannot be prepared. The caller owns the result. GNU SASL refuses
 * unassigned characters with one of the two flags, and versions differ in which: a text
 * that passes with both flags has none. */
static char *prepare(struct span given, enum prep how)
{
	char *text = malloc(given.len + 1), *one = NULL, *other = NULL;

	if (text && span_copy(given, text, given.len + 1)) {
		if (gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &one, NULL) !=
		    GSASL_OK)
			one = NULL;
		if (gsasl_saslprep(text, 0, &other, NULL) != GSASL_OK)
			other = NULL;
	}
	secret_wipe(text, given.len + 1);
	free(text);
	const bool both = one && other;
	char *made = how == PREP_STORED && !both ? NULL : one ? TAKE(one) : TAKE(other);
	forget(one);
	forget(other);
	return made;
}

bool prep_password(struct span given, enum prep how, struct prep_text *out)
{
	*out = (struct prep_text){ .text = given };
	if (utf8_is_ascii(given))
		return true;
	out->made = prepare(given, how);
	if (!out->made)
		return false;
	out->text = span_of(out->made);
	return true;
}

void prep_done(struct prep_text *t)
{
	forget(t->made);
	*t = (struct prep_text){ 0 };
}

bool prep_name(struct span given, char *out, size_t room)
{
	for (size_t i = 0; i < given.len; i++)
		if ((unsigned char)given.at[i] < ' ' || given.at[i] == 0x7f)
			return false;
	if (utf8_is_ascii(given))
		return span_copy(given, out, room);
	char *made = prepare(given, PREP_QUERY);
	const bool fits = made && span_copy(span_of(made), out, room);
	free(made);
	return fits;
}
