/* foreign/header.c - finds fields in the header of a stored message.
 *
 * Prefix: header_.
 */
#include "foreign/header.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span header_line(struct span *io)
{
	struct span line;

	if (span_cut(io, '\n', &line))
		line.len++;
	return line;
}

bool header_cut(struct span *io_message, struct span *out_field)
{
	struct span rest = *io_message;
	struct span line = header_line(&rest);

	if (line.len == 0 || line.at[0] == '\n' || span_is(line, "\r\n"))
		return false;
	*out_field = line;
	while (rest.len > 0 && is_blank(rest.at[0]))
		out_field->len += header_line(&rest).len;
	*io_message = rest;
	return true;
}

bool header_is(struct span field, const char *name, struct span *out_value)
{
	const size_t len = strlen(name);

	if (!span_starts_nocase(field, name) || field.len == len ||
	    field.at[len] != ':')
		return false;
	*out_value = span_after(field, len + 1);
	return true;
}

struct span header_trim(struct span value)
{
	struct span line;

	span_cut(&value, '\n', &line);
	while (line.len > 0 && is_blank(line.at[0]))
		line = span_after(line, 1);
	while (line.len > 0 &&
	       (is_blank(line.at[line.len - 1]) || line.at[line.len - 1] == '\r'))
		line.len--;
	return line;
}

bool header_find(struct span message, const char *name, struct span *out_value)
{
	struct span field;

	while (header_cut(&message, &field))
		if (header_is(field, name, out_value))
			return true;
	return false;
}
