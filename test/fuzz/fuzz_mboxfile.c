/* An mbox of any octets: its first octet says which rules hold. No octet is lost
 * between messages, uids rise, and each digest has its length. */
#include "fuzz.h"

#include "base/buf.h"
#include "foreign/digest.h"
#include "foreign/mboxfile.h"

static void check_digests(struct span message)
{
	static void (*const of[])(struct span,
				  struct buf *) = { digest_dovecot, digest_solid,
						    digest_name, digest_content };
	char room[DIGEST_MAX];

	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		struct buf uid = BUF(room);

		of[i](message, &uid);
		PROMISE(!uid.cut && uid.len == DIGEST_MAX);
	}
	struct buf uid = BUF(room);
	digest_popa3d(message, &uid);
	PROMISE(uid.len == DIGEST_MAX / 2);
}

static void check_uid(struct mboxfile_uids *uids, struct span message)
{
	const uint32_t before = uids->previous;
	bool is_new = false;
	const uint32_t uid = mboxfile_uid(uids, message, &is_new);

	PROMISE(uids->validity > 0 || (uid == 0 && is_new));
	PROMISE(uid == 0 || (uid > before && uid <= uids->last));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = { (const char *)data, size };
	const uint8_t rules = fuzz_take(&file);
	struct mboxfile_uids uids = { .strict = rules & 2 };
	struct mboxfile_message m;

	for (int i = 0; mboxfile_cut(&file, rules & 1, &m); i++) {
		const char *end = m.text.at + m.text.len;

		PROMISE(m.from.at + m.from.len == m.text.at);
		PROMISE(file.len == 0 || (file.at - end >= 1 && file.at - end <= 2));
		if (i == 0)
			mboxfile_base(&uids, m.text);
		check_uid(&uids, m.text);
		check_digests(m.text);
		(void)mboxfile_time(m.from);
		(void)mboxfile_is_pseudo(m.text);
	}
	return 0;
}
