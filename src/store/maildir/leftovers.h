/* store/maildir/leftovers.h - removes what crashed deliveries have left in tmp.
 *
 * Prefix: maildir_.
 */
#pragma once

/* Remove the files in tmp that nobody has read or written for 36 hours, the time that
 * Maildir gives every delivery. `dir` is the open Maildir. What cannot be removed
 * stays. */
void maildir_remove_leftovers(int dir);
