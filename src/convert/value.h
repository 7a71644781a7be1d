/* convert/value.h - parses values of other servers' settings.
 *
 * Prefix: value_.
 */
#pragma once

#include "base/span.h"

/* The text without blanks at its ends. */
struct span value_trim(struct span s);

/* Cut the next word off a list whose words are separated by blanks, tabs, commas and
 * line ends. False: there is none. */
MUST_USE bool value_word(struct span *io_rest, struct span *out_word);

/* Does the list have the word, in any case? */
bool value_has_word(struct span list, const char *word);

/* Parse yes or no, in the spellings of all these servers: yes, no, on, off, true,
 * false, 1, 0, y, n, t, f, in any case. False: it is neither. */
MUST_USE bool value_bool(struct span text, bool *out);

/* Parse a time with Dovecot's units: "90", "90s", "90 secs", "2 mins", "1h", "3 days",
 * "500 msecs"; a number without a unit counts units of `bare_ms` milliseconds. False:
 * it is no time. */
MUST_USE bool value_time(struct span text, uint64_t bare_ms, uint64_t *out_ms);

/* Parse a size with Dovecot's units of 1024 octets: "10M", "10 MB", "512 k", "100B";
 * without a unit, octets. False: it is no size. */
MUST_USE bool value_size(struct span text, uint64_t *out);
