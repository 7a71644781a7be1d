/* config/file/mail.h - checks of the settings for mail that comes in.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/loading.h"

/* Check each of these settings that its row cannot express. */
void config_check_mail(struct loading *l);

/* Check that the settings of TLS that they need are there. */
void config_check_mail_tls(struct loading *l);
