/* lmtp/trace.h - writes the fields that the server puts in front of a message.
 *
 * Prefix: trace_. RFC 5321 section 4.4, RFC 3848, RFC 6531 section 3.7.3.
 */
#pragma once

#include "lmtp/state.h"

/* What the session does not know. */
struct trace_stamp {
	uint64_t seconds; /* since 1970, UTC */
	struct span
		peer;   /* the client's address without a port; empty: a Unix socket */
	struct span id; /* of the message in the log: letters, digits, "." and "-" */
};

/* The longest result. */
enum { TRACE_MAX = 2560 };

/* Write the fields Return-Path and Received for the session's transaction, once all
 * RCPT commands have been answered. Lines end with LF. The Received field names the
 * recipient only if the transaction has exactly one; with several, it would show each
 * of them who the others are. */
void trace_write(const struct lmtp_session *s, const struct trace_stamp *stamp,
		 struct buf *out);
