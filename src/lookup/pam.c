/* lookup/pam.c - asks pluggable authentication modules.
 *
 * Each question is a transaction of its own: it authenticates the user, and then checks
 * that the account may be used. It opens no session.
 */
#include <security/pam_appl.h>
#include <stdlib.h>

#include "base/own.h"
#include "base/secret.h"
#include "lookup/driver.h"

enum { TEXT_MAX = 256 };

/* The answers to the modules' questions. */
struct talk {
	char name[TEXT_MAX], password[TEXT_MAX], address[TEXT_MAX];
};

static void *open_pam(const struct database_settings *settings, const char *secret,
		      struct why *why)
{
	(void)secret, (void)why;
	return unconst(settings);
}

static void free_replies(struct pam_response *replies, int count)
{
	for (int i = 0; i < count; i++) {
		if (replies[i].resp)
			secret_wipe(replies[i].resp, strlen(replies[i].resp));
		free(replies[i].resp);
	}
	free(replies);
}

/* A question without an echo gets the password, one with an echo the name. Messages of
 * a module get no answer. */
static bool answer(const struct talk *talk, int style, char **out)
{
	if (style != PAM_PROMPT_ECHO_OFF && style != PAM_PROMPT_ECHO_ON)
		return true;
	*out = strdup(style == PAM_PROMPT_ECHO_OFF ? talk->password : talk->name);
	return *out != NULL;
}

static int converse(int count, const struct pam_message **messages,
		    struct pam_response **out, void *arg)
{
	const struct talk *talk = arg;

	if (count < 1 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	struct pam_response *replies = calloc((size_t)count, sizeof *replies);
	if (!replies)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		if (!answer(talk, messages[i]->msg_style, &replies[i].resp)) {
			free_replies(replies, count);
			return PAM_BUF_ERR;
		}
	}
	*out = replies;
	return PAM_SUCCESS;
}

/* Modules ask for a pause after a failure: ignored, since poplar-auth delays guesses.
 */
static void no_delay(int status, unsigned microseconds, void *arg)
{
	(void)status, (void)microseconds, (void)arg;
}

static enum database_says judge(int status)
{
	switch (status) {
	case PAM_SUCCESS:
		return DATABASE_RIGHT;
	case PAM_USER_UNKNOWN:
		return DATABASE_UNKNOWN;
	case PAM_AUTH_ERR:
	case PAM_PERM_DENIED:
	case PAM_CRED_INSUFFICIENT:
	case PAM_MAXTRIES:
	case PAM_ACCT_EXPIRED:
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_AUTHTOK_EXPIRED:
		return DATABASE_WRONG;
	default:
		return DATABASE_DOWN;
	}
}

/* The modules may have changed the user's name. */
static enum database_says tell_who(pam_handle_t *pam, struct lookup_answer *answer)
{
	const void *name = NULL;

	if (pam_get_item(pam, PAM_USER, &name) != PAM_SUCCESS || !name)
		return lookup_down(answer, FAULT_LIMIT, 0, "tell who it is", NULL);
	if (!lookup_field(answer, "user", span_of(name)))
		return DATABASE_DOWN;
	/* PAM may admit users whom the system does not know */
	return lookup_account(name, answer) == DATABASE_DOWN ? DATABASE_DOWN
							     : DATABASE_RIGHT;
}

static enum database_says ask_modules(pam_handle_t *pam, const struct talk *talk,
				      struct lookup_answer *answer)
{
	enum { QUIET = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK };
	union {
		void (*delay)(int, unsigned, void *);
		const void *item;
	} none = { no_delay };
	int status = pam_set_item(pam, PAM_FAIL_DELAY, none.item);

	if (status == PAM_SUCCESS)
		status = pam_set_item(pam, PAM_RHOST, talk->address);
	if (status == PAM_SUCCESS)
		status = pam_authenticate(pam, (int)QUIET);
	if (status == PAM_SUCCESS)
		status = pam_acct_mgmt(pam, (int)QUIET);
	enum database_says says = judge(status);
	if (says == DATABASE_RIGHT)
		says = tell_who(pam, answer);
	else if (says == DATABASE_DOWN)
		lookup_down(answer, FAULT_IO, 0, "ask PAM:", pam_strerror(pam, status));
	pam_end(pam, status);
	return says;
}

static enum database_says ask(void *self, const struct lookup_question *q,
			      struct lookup_answer *answer)
{
	const struct database_settings *s = self;
	struct talk talk;
	struct pam_conv conv = { converse, &talk };
	pam_handle_t *pam = NULL;
	enum database_says says;

	if (!span_copy(q->name, talk.name, sizeof talk.name) ||
	    !span_copy(q->password, talk.password, sizeof talk.password) ||
	    !span_copy(lookup_address(q->peer), talk.address, sizeof talk.address))
		return DATABASE_UNKNOWN;
	if (!q->judge)
		return lookup_account(talk.name, answer);
	int status = pam_start_confdir(s->service, talk.name, &conv,
				       *s->service_dir ? s->service_dir : NULL, &pam);
	if (status == PAM_SUCCESS)
		says = ask_modules(pam, &talk, answer);
	else
		says = lookup_down(answer, FAULT_SETUP, 0, "start PAM service",
				   s->service);
	secret_wipe(&talk, sizeof talk);
	return says;
}

const struct lookup_driver lookup_pam = { open_pam, ask };
