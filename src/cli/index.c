/* cli/index.c - poplar index: prints, checks and rebuilds the index of a maildrop.
 *
 * All of it runs as the owner of the maildrop.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/own.h"
#include "cli/commands.h"
#include "cli/maildrop.h"
#include "store/index.h"

/* ---- show ---- */

/* Print octets that a terminal might obey as %XX. */
static void print_text(const char *before, struct span text)
{
	fputs(before, stdout);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] > ' ' && text.at[i] < 0x7f && text.at[i] != '%')
			putchar(text.at[i]);
		else
			printf("%%%02X", (unsigned char)text.at[i]);
}

static void print_head(const struct index *ix)
{
	uint32_t before = 0;

#define X(name) printf(#name " %" PRIu64 "\n", ix->head.name);
	INDEX_HEAD_TABLE(X)
#undef X
	for (uint32_t h = 0; h < ix->map.gap_count; h++) {
		const struct listing_gap *gap = &ix->map.gaps[h];

		printf("gap %" PRIu32 " +%" PRIu32 "\n", gap->first,
		       gap->removed - before);
		before = gap->removed;
	}
}

static bool print_record(const struct index *ix, uint32_t msg)
{
	char name[LISTING_NAME_OCTETS];
	uint32_t i = listing_number(&ix->map, msg);
	struct listing_record r;

	printf("%" PRIu32 " record=%" PRIu32, msg, i);
	if (!index_read(ix, i, &r, name)) {
		printf(" damaged\n");
		return false;
	}
	printf(" octets=%" PRIu64 " surrogate=%u%+" PRId32 " form=%u stored=%" PRIu64
	       " inode=%" PRIu64 " modified=%" PRIu64 " flags=%u",
	       r.octets, r.surrogate, r.difference, r.form, r.stored, r.file,
	       r.modified, r.flags);
	print_text(" uid=", listing_uid(&r));
	print_text(" name=", (struct span){ name, r.name_len });
	putchar('\n');
	return true;
}

/* It takes no lock: a session may use the maildrop at the same time. */
static bool show(void *arg)
{
	const struct cli_maildrop *j = arg;
	struct why why = { 0 };
	OWN_FD dir = cli_maildrop_dir(j, &why);
	struct index ix;
	bool good = true;

	if (dir < 0 || !index_open(&ix, dir, &why)) {
		if (why.fault)
			cli_complain(&why);
		else
			cli_say("there is no index yet", j->name);
		return false;
	}
	print_head(&ix);
	for (uint32_t msg = 1; msg <= ix.head.messages; msg++)
		good &= print_record(&ix, msg);
	index_close(&ix);
	return fflush(stdout) == 0 && good;
}

/* ---- verify, rebuild ---- */

static struct maildrop *open_with(struct cli_maildrop *j, enum store_index index)
{
	enum fault f;

	j->opening.use.index = index;
	struct maildrop *m = cli_maildrop_open(j, &f);
	if (f == FAULT_BUSY)
		cli_say(fault_text(f), j->name);
	return m;
}

struct seen {
	struct listing_record *at; /* uid_len 0: damaged */
	uint32_t count;
	struct why trouble;
};

static bool take_listing(struct cli_maildrop *j, enum store_index index,
			 struct seen *out)
{
	struct maildrop *m = open_with(j, index);

	if (!m)
		return false;
	out->trouble = m->trouble;
	out->count = m->listing.count;
	out->at = calloc((size_t)out->count + 1, sizeof *out->at);
	for (uint32_t msg = 1; out->at && msg <= out->count; msg++)
		if (!store_record(&m->listing, msg, &out->at[msg - 1]))
			out->at[msg - 1].uid_len = 0;
	cli_maildrop_close(j, m);
	return out->at != NULL;
}

static bool same(const struct listing_record *a, const struct listing_record *b)
{
	return a->octets == b->octets && a->form == b->form &&
	       a->surrogate == b->surrogate && a->difference == b->difference &&
	       a->uid_len == b->uid_len && memcmp(a->uid, b->uid, a->uid_len) == 0;
}

static uint32_t count_differences(const struct seen *with, const struct seen *without)
{
	uint32_t least = with->count < without->count ? with->count : without->count;
	uint32_t wrong = (with->count > least) + (without->count > least);

	if (with->count != without->count)
		printf("%" PRIu32 " messages by the index, %" PRIu32 " without it\n",
		       with->count, without->count);
	for (uint32_t i = 0; i < least; i++) {
		const struct listing_record *a = &with->at[i], *b = &without->at[i];

		if (same(a, b))
			continue;
		wrong++;
		printf("message %" PRIu32, i + 1);
		if (a->uid_len == 0) {
			printf(" damaged\n");
			continue;
		}
		print_text(" uid=", listing_uid(a));
		printf(" octets=%" PRIu64 " form=%u, without the index", a->octets,
		       a->form);
		print_text(" uid=", listing_uid(b));
		printf(" octets=%" PRIu64 " form=%u\n", b->octets, b->form);
	}
	return wrong;
}

static void print_packed(const struct seen *seen)
{
	uint32_t packed = 0;

	for (uint32_t i = 0; i < seen->count; i++)
		packed += (seen->at[i].flags & STORE_PACKED) != 0;
	if (packed > 0)
		printf("%" PRIu32 " messages are compressed by another program, and "
		       "refused\n",
		       packed);
}

/* Compare what the next session would see with what it would see without the index. */
static bool verify(void *arg)
{
	struct cli_maildrop *j = arg;
	struct seen with = { 0 }, without = { 0 };

	j->opening.use.read_only = true;
	bool good = take_listing(j, STORE_INDEX_READ, &with) &&
		    take_listing(j, STORE_INDEX_IGNORE, &without);

	if (good && with.trouble.fault) {
		cli_complain(&with.trouble);
		good = false;
	}
	if (good)
		print_packed(&without);
	if (good)
		good = count_differences(&with, &without) == 0;
	if (good)
		printf("%" PRIu32 " messages, all as they are without the index\n",
		       without.count);
	free(with.at);
	free(without.at);
	return fflush(stdout) == 0 && good;
}

/* ---- the command ---- */

static const struct {
	const char *name;
	cli_task_fn *run;
} table[] = { { "show", show },
	      { "verify", verify },
	      { "rebuild", cli_maildrop_renew } };

static int explain(FILE *to)
{
	fputs("usage: poplar index show|verify|rebuild USER\n"
	      "\n"
	      "USER is the name of a user, or the path of a Maildir below mail-root.\n"
	      "show prints the index; verify compares the index with the maildrop;\n"
	      "rebuild writes a new index. verify and rebuild lock the maildrop.\n",
	      to);
	return to == stdout ? CLI_OK : CLI_USAGE;
}

int cli_index(const char *config, int argc, char **argv)
{
	struct cli_maildrop j;
	OWN_SETTINGS settings = { 0 };
	size_t i = 0;

	if (cli_wants_help(argc, argv))
		return explain(stdout);
	while (argc == 3 && i < sizeof table / sizeof *table &&
	       strcmp(argv[1], table[i].name) != 0)
		i++;
	if (argc != 3 || i == sizeof table / sizeof *table)
		return explain(stderr);
	cli_load(config, &settings);
	if (!cli_maildrop_begin(&j, &settings))
		return CLI_BAD;
	bool good = cli_maildrop_find(&j, argv[2]) &&
		    cli_maildrop_as_owner(&j, table[i].run, &j);
	cli_maildrop_end(&j);
	return good ? CLI_OK : CLI_BAD;
}
