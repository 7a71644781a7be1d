/* A PAM module for the tests: users and passwords from the file that is its argument, a
 * line for each, both as hexadecimal digits. It is out of order while a file named
 * "down" lies beside that.
 */
#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void to_hex(const char *text, char *out)
{
	for (; *text; text++, out += 2)
		sprintf(out, "%02x", (unsigned char)*text);
	*out = '\0';
}

static const char *ask_password(pam_handle_t *pam)
{
	const struct pam_message message = { PAM_PROMPT_ECHO_OFF, "Password: " };
	const struct pam_message *messages = &message;
	struct pam_response *reply = NULL;
	const void *item = NULL;

	if (pam_get_item(pam, PAM_CONV, &item) != PAM_SUCCESS)
		return NULL;
	const struct pam_conv *conv = item;
	if (conv->conv(1, &messages, &reply, conv->appdata_ptr) != PAM_SUCCESS)
		return NULL;
	return reply->resp;
}

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	char line[2048], name[1024], password[1024], path[512];
	const char *user, *given;
	int status = PAM_USER_UNKNOWN;

	(void)flags;
	if (argc != 1 || pam_get_user(pam, &user, NULL) != PAM_SUCCESS ||
	    strlen(user) > 300 || !(given = ask_password(pam)) || strlen(given) > 300)
		return PAM_SERVICE_ERR;
	snprintf(path, sizeof path, "%s.down", argv[0]);
	FILE *f = fopen(argv[0], "r");
	if (!f || access(path, F_OK) == 0)
		return PAM_AUTHINFO_UNAVAIL;
	to_hex(user, name);
	to_hex(given, password);
	while (fgets(line, sizeof line, f)) {
		size_t len = strlen(name);

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			status = strcmp(line + len + 1, password) == 0 ? PAM_SUCCESS
								       : PAM_AUTH_ERR;
	}
	fclose(f);
	return status;
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}

int pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	const char *user;

	(void)flags, (void)argc, (void)argv;
	if (pam_get_user(pam, &user, NULL) != PAM_SUCCESS)
		return PAM_SERVICE_ERR;
	return strcmp(user, "expired") == 0 ? PAM_ACCT_EXPIRED : PAM_SUCCESS;
}
