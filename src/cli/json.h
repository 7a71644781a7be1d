/* cli/json.h - writes values of JSON (RFC 8259) to standard output.
 *
 * Prefix: json_.
 */
#pragma once

#include "base/quota.h"

/* A string. Control characters are escaped, and octets that are not UTF-8 become
 * U+FFFD. */
void json_text(struct span text);

/* A limit: the number, or null for none (0). */
void json_limit(uint64_t n);

/* {"octets": 1024, "messages": null} */
void json_quota(const struct quota *quota);
