/* cli/originpath.h - the path of a user's mail on another server.
 *
 * Prefix: origin_.
 */
#pragma once

#include "auth/place.h"

/* Replace %u by the user's name, %n by the part in front of '@', %d by the part behind
 * it, and %% by a percent sign. False: another variable, no user's name, a name that
 * would lead into another folder, or a path that is too long. */
MUST_USE bool origin_expand(const char *path, const char *user,
			    char out[PLACE_PATH_MAX]);

/* Do the paths of two users differ? */
bool origin_is_of_user(const char *path);
