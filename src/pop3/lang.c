/* pop3/lang.c - carries out LANG, which chooses the language of the replies.
 *
 * Prefix: lang_.
 */
#include "pop3/lang.h"

#include "pop3/reply.h"

static void list(const struct session *s, struct buf *out)
{
	reply_ok(out, s->language, TEXT_LANGUAGES);
	for (enum language l = 0; l < LANGUAGE_COUNT; l++)
		reply_language(out, "", l, TEXT_LANGUAGE);
	reply_dot(out);
}

/* RFC 6856 section 3.2. The new language begins with this reply, or does not begin. */
enum session_ask lang_reply(struct session *s, struct buf *out)
{
	const struct span range = s->command.word;
	enum language l = s->policy->language;

	if (range.len == 0) {
		list(s, out);
	} else if (!span_is(range, "*") && !language_find(range, &l)) {
		reply_err(out, s->language, FAULT_NO_LANGUAGE);
	} else {
		s->language = (uint8_t)l;
		reply_language(out, "+OK ", l, TEXT_CHOSEN);
	}
	return ASK_READ;
}
