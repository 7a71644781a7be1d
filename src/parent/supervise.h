/* parent/supervise.h - handles messages and deaths of children, and stops the server.
 *
 * Prefix: supervise_.
 */
#pragma once

#include "parent/parent.h"

/* The worker's channel is readable: receive one message and handle it. A child that
 * sends an illegal message is killed. */
void supervise_hear(struct parent *p, struct worker *k);

/* The process `pid` has ended with `status` of wait(2). A worker of a generation in
 * service is started again; a death before that fails the whole generation. */
void supervise_died(struct parent *p, pid_t pid, int status);

/* Tell every child to end, and kill those that still run after the time `grace`.
 * `cause` is for the log. */
void supervise_stop(struct parent *p, const char *cause);

/* supervise_do_due: do what is due at the time `now`. supervise_next_due: when to call
 * it next, ms of clock_ms(). */
void supervise_do_due(struct parent *p, uint64_t now);
uint64_t supervise_next_due(const struct parent *p);
