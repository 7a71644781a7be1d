/* config/file/mail.h - checks of the settings for mail that comes in.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/loading.h"

/* Check in the values of these settings what their rows cannot express, and report each
 * mistake by config_complain. */
void config_check_mail(struct loading *l);

/* Check that the settings of TLS that lmtp-tls-names needs are there. */
void config_check_mail_tls(struct loading *l);
