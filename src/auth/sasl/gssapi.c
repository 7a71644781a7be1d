/* auth/sasl/gssapi.c - this server's Kerberos keys.
 *
 * Prefix: gssapi_.
 */
#include "auth/sasl/gssapi.h"

#include <krb5.h>
#include <stdlib.h>

#include "base/buf.h"
#include "sys/file.h"

enum { HOST_MAX = 255 };

/* Both stay open: the keys live as long as `memory` is open. */
static krb5_context context;
static krb5_keytab memory;
static char host[HOST_MAX + 1];

bool gssapi_is_built(void)
{
	return true;
}

const char *gssapi_host(void)
{
	return host[0] ? host : NULL;
}

static struct span part(const krb5_data *d)
{
	return (struct span){ d->data, d->length };
}

/* Is this a key of pop/HOST? HOST is that of the first such key in the file. */
static bool is_ours(const krb5_principal_data *p)
{
	if (p->length != 2 || !span_is(part(&p->data[0]), "pop"))
		return false;
	if (host[0])
		return span_is(part(&p->data[1]), host);
	return p->data[1].length > 0 && span_copy(part(&p->data[1]), host, sizeof host);
}

static krb5_error_code copy_keys(krb5_keytab file)
{
	krb5_kt_cursor cursor;
	krb5_keytab_entry entry;
	krb5_error_code e = krb5_kt_start_seq_get(context, file, &cursor), ended;

	if (e)
		return e;
	while (e == 0 &&
	       (ended = krb5_kt_next_entry(context, file, &entry, &cursor)) == 0) {
		if (is_ours(entry.principal))
			e = krb5_kt_add_entry(context, memory, &entry);
		krb5_free_keytab_entry_contents(context, &entry);
	}
	krb5_kt_end_seq_get(context, file, &cursor);
	return e ? e : ended == KRB5_KT_END ? 0 : ended;
}

static krb5_error_code read_keys(const char *path)
{
	krb5_keytab file = NULL;
	krb5_error_code e = krb5_init_context(&context);

	if (e == 0)
		e = krb5_kt_resolve(context, "MEMORY:poplar", &memory);
	if (e == 0)
		e = krb5_kt_resolve(context, path, &file);
	if (e == 0)
		e = copy_keys(file);
	if (file)
		krb5_kt_close(context, file);
	return e;
}

/* Without a file for it there is no replay cache. A replayed Kerberos ticket lets
 * nobody in: the client's last message must be wrapped with the session key (RFC 4752
 * section 3.1), which only the ticket's owner knows. */
static bool set_environment(void)
{
	return setenv("KRB5_KTNAME", "MEMORY:poplar", 1) == 0 &&
	       setenv("KRB5RCACHENAME", "none:", 1) == 0;
}

/* The library reads its configuration for each login, and by default asks the DNS for
 * this host and looks for plugins. This configuration turns both off. It is a file in
 * memory, so that the sandbox does not stop the library from opening it. */
static bool give_configuration(void)
{
	static const char text[] = "[libdefaults]\n"
				   "dns_canonicalize_hostname = false\n"
				   "plugin_base_dir = /dev/null\n";
	char path[sizeof "/proc/self/fd/" + 20];
	struct buf b = BUF(path);
	int fd = file_sealed("krb5.conf", span_of(text));

	buf_text(&b, "/proc/self/fd/");
	buf_u64(&b, (uint64_t)fd);
	return fd >= 0 && setenv("KRB5_CONFIG", buf_cstr(&b), 1) == 0;
}

enum fault gssapi_start(const char *keytab, struct why *why)
{
	krb5_error_code e = read_keys(keytab);

	if (e == 0 && host[0] && set_environment() && give_configuration())
		return FAULT_NONE;
	host[0] = '\0';
	const char *text = e ? krb5_get_error_message(context, e) : NULL;
	fault_set(why, FAULT_SETUP, 0,
		  "find keys of pop/HOST in gssapi-keytab:", text ? text : keytab);
	krb5_free_error_message(context, text);
	return FAULT_SETUP;
}
