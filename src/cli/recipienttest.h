/* cli/recipienttest.h - poplar user test --recipient: asks the running server who gets
 * the mail of an address.
 *
 * Prefix: cli_.
 */
#pragma once

#include <stdbool.h>

struct settings;

/* Ask, and print the answer of each database and the result; with `json` as one object
 * of JSON. Returns an exit status: CLI_OK if a user gets the mail, CLI_BAD if it is
 * refused for good, CLI_TEMPORARY if it would have to wait, CLI_NO_SERVER. */
int cli_test_recipient(const struct settings *settings, const char *address, bool json);
