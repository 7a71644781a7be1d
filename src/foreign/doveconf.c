/* foreign/doveconf.c - finds a setting in the configuration of Dovecot.
 *
 * Prefix: doveconf_.
 */
#include "foreign/doveconf.h"

#include "foreign/header.h"

/* "name = value" */
static bool read_line(struct span line, const char *name, struct span *out_value)
{
	struct span left;

	return span_cut(&line, '=', &left) && span_is(header_trim(left), name) &&
	       (*out_value = header_trim(line)).len > 0;
}

bool doveconf_find(struct span text, const char *name, struct span *out_value)
{
	struct span line;
	bool found = false;

	while (text.len > 0) {
		span_cut(&text, '\n', &line);
		found |= read_line(line, name, out_value);
	}
	return found;
}
