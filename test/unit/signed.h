/* test/unit/signed.h - keys, files of keys, and tokens that tests sign. */
#pragma once

#include "check.h"

#include <cjose/cjose.h>
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "auth/token/jwt.h"

static char folder[] = "/tmp/poplar-token-XXXXXX"; /* of the file "keys" */
static int dir;

static cjose_jwk_t *rsa, *rsa_other, *rsa_weak, *p256, *p384, *oct, *oct_short;

static inline cjose_jwk_t *named(cjose_jwk_t *jwk, const char *kid)
{
	assert_true(jwk && cjose_jwk_set_kid(jwk, kid, strlen(kid), NULL));
	return jwk;
}

/* Setup of a group of tests: makes the keys, and the folder. */
static inline int signed_begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || (dir = open(folder, O_RDONLY | O_DIRECTORY)) < 0)
		return -1;
	rsa = named(cjose_jwk_create_RSA_random(2048, NULL, 0, NULL), "r1");
	rsa_other = named(cjose_jwk_create_RSA_random(2048, NULL, 0, NULL), "r2");
	rsa_weak = named(cjose_jwk_create_RSA_random(1024, NULL, 0, NULL), "weak");
	p256 = named(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL), "e1");
	p384 = named(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, NULL), "e2");
	oct = named(cjose_jwk_create_oct_random(512, NULL), "s1");
	oct_short = named(cjose_jwk_create_oct_random(128, NULL), "s2");
	return 0;
}

static inline int signed_end(void **state)
{
	cjose_jwk_t *const all[] = { rsa,  rsa_other, rsa_weak, p256,
				     p384, oct,       oct_short };

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		cjose_jwk_release(all[i]);
	unlinkat(dir, "keys", 0);
	close(dir);
	return rmdir(folder);
}

/* ---- files ---- */

static inline void put_file(const char *name, const char *text)
{
	int fd = openat(dir, "new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	assert_true(renameat(dir, "new", dir, name) == 0);
}

static char key_text[65536]; /* what tokens are checked with */

/* A set of the public halves; of the whole, where there is no public half. */
static inline void put_keys(cjose_jwk_t *const *keys, size_t count)
{
	size_t len = (size_t)sprintf(key_text, "{\"keys\":[");

	for (size_t i = 0; i < count; i++) {
		bool secret = cjose_jwk_get_kty(keys[i], NULL) == CJOSE_JWK_KTY_OCT;
		char *json = cjose_jwk_to_json(keys[i], secret, NULL);

		len += (size_t)sprintf(key_text + len, "%s%s", i ? "," : "", json);
		free(json);
	}
	sprintf(key_text + len, "]}");
}
#define PUT_KEYS(...)                                                                  \
	put_keys((cjose_jwk_t *const[]){ __VA_ARGS__ },                                \
		 sizeof((cjose_jwk_t *const[]){ __VA_ARGS__ }) /                       \
			 sizeof(cjose_jwk_t *))

/* ---- tokens ---- */

static inline void sign(cjose_jwk_t *jwk, const char *alg, const char *kid,
			const char *extra, const char *claims,
			char out[JWT_OCTETS_MAX * 2])
{
	cjose_header_t *h = extra ? json_loads(extra, 0, NULL) : cjose_header_new(NULL);
	const char *text;

	json_object_set_new(h, "alg", json_string(alg));
	if (kid)
		json_object_set_new(h, "kid", json_string(kid));
	cjose_jws_t *jws =
		cjose_jws_sign(jwk, h, (const uint8_t *)claims, strlen(claims), NULL);
	assert_true(jws && cjose_jws_export(jws, &text, NULL));
	snprintf(out, JWT_OCTETS_MAX * 2, "%s", text);
	cjose_jws_release(jws);
	cjose_header_release(h);
}
