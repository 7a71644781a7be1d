/* parent/notify.h - telling systemd how we are.
 *
 * Prefix: notify_.
 */
#pragma once

/* Send sd_notify(3)'s text where NOTIFY_SOCKET says, if it says anything. */
void notify_systemd(const char *text);
