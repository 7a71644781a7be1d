/* foreign/digest.h - the digests that other servers use as unique-ids.
 *
 * Prefix: digest_. A message is given as stored; only its header counts.
 */
#pragma once

#include "base/buf.h"

enum { DIGEST_MAX = 32 }; /* octets of the longest one */

/* popa3d: 16 hexadecimal digits. Raw lines of the first Received, of Delivered-To and
 * X-Delivery-ID, and, in front of the first Received, of Date and Message-ID. */
void digest_popa3d(struct span message, struct buf *out);

/* Dovecot's %m for an mbox: 32 digits, of the values of the same fields. */
void digest_dovecot(struct span message, struct buf *out);

/* solid-pop3d with an mbox: 32 digits, of the first lines of all fields "Subject: ",
 * "Date: " and "Received: ", written exactly so. */
void digest_solid(struct span message, struct buf *out);

/* solid-pop3d and tpop3d with a Maildir: 32 digits, of the base name. */
void digest_name(struct span base, struct buf *out);

/* 32 digits, of all of the message but the fields that servers write into it. */
void digest_content(struct span message, struct buf *out);
