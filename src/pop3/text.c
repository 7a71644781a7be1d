/* pop3/text.c - the texts of replies, in all languages.
 *
 * Prefix: text_.
 */
#include "pop3/text.h"

static unsigned form_en(uint64_t n)
{
	return n != 1;
}

const struct catalogue catalogue_en = {
	.form = form_en,
	.texts = { [TEXT_NONE] = "",
#define X(id, code, priority, retry, text) [TEXT_FAULT_##id] = text,
		   FAULT_TABLE(X)
#undef X
#define X(id, text) [TEXT_##id] = text,
			   TEXT_TABLE(X)
#undef X
#define P(id, one, many) [TEXT_##id] = (one "\0" many),
				   TEXT_COUNTED_TABLE(P)
#undef P
	},
};

static const struct catalogue *const catalogues[LANGUAGE_COUNT] = {
#define X(id, tag) [LANGUAGE_##id] = &catalogue_##id,
	LANGUAGE_TABLE(X)
#undef X
};

const char *text_of(enum language l, enum text id)
{
	const char *text = catalogues[l]->texts[id];

	return text ? text : catalogue_en.texts[id];
}

const char *text_counted(enum language l, enum text id, uint64_t n)
{
	const struct catalogue *c = catalogues[l]->texts[id] ? catalogues[l]
							     : &catalogue_en;
	const char *text = c->texts[id];

	for (unsigned form = c->form(n); form > 0; form--)
		text += strlen(text) + 1;
	return text;
}
