/* cli/checking.c - how the files of `poplar check` report what they find.
 *
 * Prefix: check_.
 */
#include "cli/checking.h"

#include <stdarg.h>
#include <stdio.h>

void check_say(struct checking *c, enum setup_weight weight, const char *text)
{
	static const char *const words[SETUP_WEIGHTS] = { "error", "trouble",
							  "warning" };

	fprintf(stderr, "poplar: %s: ", words[weight]);
	cli_show(stderr, span_of(text));
	fputs("\n", stderr);
	c->count[weight]++;
}

void check_format(struct checking *c, enum setup_weight weight, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	check_say(c, weight, text);
}

void check_fault(struct checking *c, enum setup_weight weight, const struct why *why)
{
	char room[1024];
	struct buf story = BUF(room);

	cli_story(why, &story);
	check_say(c, weight, buf_cstr(&story));
}

void check_as(struct checking *c, struct ids ids, cli_task_fn *task, void *arg,
	      enum setup_weight weight)
{
	c->count[weight] += !cli_run_as(ids, task, arg);
}
