/* base/log.h - one line per event, key=value, safe to show to anyone.
 *
 * Prefix: log_. There are no format strings: a value can hold any octet.
 * Values with spaces, quotes, '=' or control characters are quoted; control
 * characters, quotes and backslashes inside are escaped, so that a line is one
 * event whatever a client sent.
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

/* Fields for log_event. A NULL text leaves the field out. */
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

/* Where lines go: one call a line, without a line end. Set once at start. */
typedef void log_sink_fn(int priority, struct span line);
void log_to(log_sink_fn *sink);
void log_level(int priority); /* lines less urgent than this are dropped */
bool log_wants(int priority);

/* log_event(LOG_INFO, "login", LOG_T("user", name), LOG_N("messages", 3)); */
#define log_event(priority, name, ...)                                                 \
	log_fields(priority, name,                                                     \
		   (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })
void log_fields(int priority, const char *name, const struct log_field *fields);

/* A fault with its story: at the fault's own priority, as event `name`, with the
 * fields fault=, doing=, what=, error= behind those given. */
#define log_fault(why, name, ...)                                                      \
	log_fault_fields(                                                              \
		why, name,                                                             \
		(const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })
void log_fault_fields(const struct why *why, const char *name,
		      const struct log_field *fields);

/* The text of a line, for tests and for whoever wants it elsewhere. Returns the
 * octets written; an over-long line is cut, never in the middle of an escape. */
size_t log_format(char *out, size_t room, const char *name,
		  const struct log_field *fields);
