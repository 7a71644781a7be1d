/* front/pop3/timestamp.c - makes the timestamps in greetings, for APOP (RFC 1939
 * section 7).
 *
 * Prefix: timestamp_.
 */
#include "front/pop3/timestamp.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"

/* A domain of RFC 822 is atoms with dots between them. */
static bool is_domain(const char *text)
{
	for (const char *c = text; *c; c++) {
		bool dot = *c == '.' && c > text && c[-1] != '.' && c[1];

		if (!dot && !ascii_is_plain(*c, "-"))
			return false;
	}
	return *text;
}

bool timestamp_start(struct timestamps *s)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	*s = (struct timestamps){
		.pid = (uint64_t)getpid(),
		.started = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
	};
	if (gethostname(s->host, sizeof s->host) < 0 || s->host[TIMESTAMP_HOST_MAX] ||
	    !is_domain(s->host))
		memcpy(s->host, "localhost", sizeof "localhost");
	return getrandom(s->key, sizeof s->key, 0) == (ssize_t)sizeof s->key;
}

char *timestamp_make(struct timestamps *s)
{
	const uint64_t number = ++s->count;
	const uint64_t secret =
		siphash(s->key, (struct span){ (const char *)&number, sizeof number });
	char text[TIMESTAMP_TEXT_MAX];
	struct buf b = BUF(text);

	buf_char(&b, '<');
	buf_u64(&b, s->pid);
	buf_char(&b, '.');
	buf_u64(&b, s->started);
	buf_char(&b, '.');
	buf_u64(&b, number);
	buf_char(&b, '.');
	buf_hex(&b, &secret, sizeof secret);
	buf_char(&b, '@');
	buf_text(&b, s->host);
	buf_char(&b, '>');
	return strdup(buf_cstr(&b));
}
