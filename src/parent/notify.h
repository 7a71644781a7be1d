/* parent/notify.h - tells systemd the state of poplard.
 *
 * Prefix: notify_.
 */
#pragma once

/* Send a text of sd_notify(3), such as "READY=1", to the socket that the environment
 * variable NOTIFY_SOCKET names. Without that variable, do nothing. */
void notify_systemd(const char *text);
