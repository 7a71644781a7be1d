/* base/log.h - one line per event, key=value, safe to show to anyone.
 *
 * Prefix: log_. There are no format strings: a value may hold any octet. A value that
 * is empty or holds a space, a quote, a backslash, '=', or an octet beyond printable
 * ASCII is written in quotes; inside them, control characters, octets that are not
 * UTF-8, quotes and backslashes are escaped. So a line is always exactly one event,
 * whatever a client sent.
 */
#pragma once

#include "base/fault.h"

enum log_kind { LOG_FIELD_END = 0, LOG_FIELD_TEXT, LOG_FIELD_NUMBER, LOG_FIELD_MILLIS };

struct log_field {
	const char *key;
	enum log_kind kind;
	struct span text;
	uint64_t number;
};

/* Fields for log_event. LOG_T with a NULL text leaves the field out; an empty text is
 * written as "". LOG_MS writes milliseconds as seconds with three decimals. */
#define LOG_T(key, cstr) log_text(key, cstr)
#define LOG_S(key, span) ((struct log_field){ key, LOG_FIELD_TEXT, span, 0 })
#define LOG_N(key, n)    ((struct log_field){ key, LOG_FIELD_NUMBER, { 0 }, n })
#define LOG_MS(key, ms)  ((struct log_field){ key, LOG_FIELD_MILLIS, { 0 }, ms })

static inline struct log_field log_text(const char *key, const char *text)
{
	return (struct log_field){ text ? key : NULL, LOG_FIELD_TEXT,
				   text ? span_of(text) : (struct span){ 0 }, 0 };
}

enum { LOG_LINE_MAX = 2048 };

/* The sink gets each line in one call, without a line end. Several threads may log at
 * the same time, so the sink must allow calls at the same time. Set it once, at start;
 * until then all lines are dropped. */
typedef void log_sink_fn(int priority, struct span line);
void log_to(log_sink_fn *sink);
void log_level(int priority); /* drop lines less urgent than this; at first LOG_INFO */
bool log_wants(int priority); /* would such a line reach the sink? */

/* log_event(LOG_INFO, "login", LOG_T("user", name), LOG_N("messages", 3)); */
#define log_event(priority, name, ...)                                                 \
	log_fields(priority, name,                                                     \
		   (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })
void log_fields(int priority, const char *name, const struct log_field *fields);

/* Log a fault with its story (struct why): event `name` at the priority of the fault.
 * The fields fault=, doing=, what= and error= follow the given ones; parts that *why
 * lacks are left out. */
#define log_fault(why, name, ...)                                                      \
	log_fault_fields(                                                              \
		why, name,                                                             \
		(const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })
void log_fault_fields(const struct why *why, const char *name,
		      const struct log_field *fields);

/* Write the text of a line, "event=NAME key=value ..." without a NUL, to `out`, and
 * return its length. A line that does not fit is cut, but never within an escape. For
 * log_event, and for tests. */
size_t log_format(char *out, size_t room, const char *name,
		  const struct log_field *fields);
