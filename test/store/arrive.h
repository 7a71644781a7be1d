/* test/store/arrive.h - deliveries through the store. */
#pragma once

#include <sys/mman.h>

#include "box.h"

static const struct store_quota no_quota;

/* A file in memory with this text, as poplar-lmtp sends one. The caller closes it. */
static inline int message_file(struct span text)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text.at, text.len) != (ssize_t)text.len)
		abort();
	return fd;
}

static inline struct store_opening arrival(const struct box *b)
{
	return (struct store_opening){
		.place = { b->kind->id, b->root, b->kind->path },
		.process = { .locks = b->locks,
			     .boot = b->boot,
			     .downgrade = b->downgrade },
		.use = { .index = b->index },
	};
}

static inline enum fault arrive_within(const struct box *b, struct span text,
				       const struct store_quota *quota,
				       struct store_delivered *out)
{
	const struct store_opening o = arrival(b);
	OWN_FD fd = message_file(text);
	const struct store_message m = { .fd = fd, .octets = text.len };
	struct why why = { 0 };

	return store_deliver(&o, &m, quota, out, &why);
}

static inline enum fault arrive(const struct box *b, const char *text)
{
	struct store_delivered out;

	return arrive_within(b, span_of(text), &no_quota, &out);
}
