/* lookup/system.c - asks for the system's users, by getpwnam(3) and shadow passwords.
 *
 * nsswitch.conf(5) says where the C library finds them.
 */
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "auth/user/scheme.h"
#include "base/secret.h"
#include "lookup/driver.h"

struct system {
	char decoy[SCHEME_STORED_MAX]; /* a stored password that no user has: the
					  stand-in for unknown names */
};

static void *open_system(const struct database_settings *settings, const char *secret,
			 struct why *why)
{
	struct system *s = calloc(1, sizeof *s);
	unsigned char octets[8];
	char text[2 * sizeof octets + 1];
	struct buf b = BUF(text);

	(void)settings, (void)secret;
	if (s && getrandom(octets, sizeof octets, 0) == (ssize_t)sizeof octets) {
		buf_hex(&b, octets, sizeof octets);
		if (scheme_make("CRYPT", buf_span(&b), s->decoy) == FAULT_NONE)
			return s;
	}
	free(s);
	fault_set(why, FAULT_NOMEM, 0, "make a password hash", NULL);
	return NULL;
}

static bool is_expired(const struct spwd *shadow)
{
	return shadow && shadow->sp_expire >= 0 &&
	       time(NULL) / 86400 >= shadow->sp_expire;
}

static bool matches(const struct passwd *pw, const struct spwd *shadow,
		    struct span password)
{
	char stored[SCHEME_STORED_MAX];
	const char *hash = shadow ? shadow->sp_pwdp : pw->pw_passwd;

	int len = snprintf(stored, sizeof stored, "{CRYPT}%s", hash);
	bool same = len > 0 && (size_t)len < sizeof stored &&
		    scheme_verify(span_of(stored), SPAN(""), password);
	secret_wipe(stored, sizeof stored);
	return same && !is_expired(shadow);
}

static enum database_says ask(void *self, const struct lookup_question *q,
			      struct lookup_answer *answer)
{
	const struct system *s = self;
	const struct passwd *pw;
	char name[256];

	if (!span_copy(q->name, name, sizeof name))
		return DATABASE_UNKNOWN;
	enum database_says says = lookup_passwd(name, &pw, answer);
	if (says != DATABASE_RIGHT) {
		bool none = q->judge &&
			    scheme_verify(span_of(s->decoy), SPAN(""), q->password);

		(void)none;
		return says;
	}
	const struct spwd *shadow = getspnam(name);
	bool good = !q->judge || matches(pw, shadow, q->password);
	if (!good && !shadow && strcmp(pw->pw_passwd, "x") == 0)
		return lookup_down(answer, FAULT_SETUP, 0,
				   "read shadow(5); see run-as and run-as-group", NULL);
	says = lookup_account(name, answer);
	return says != DATABASE_RIGHT || good ? says : DATABASE_WRONG;
}

const struct lookup_driver lookup_system = { open_system, ask };
