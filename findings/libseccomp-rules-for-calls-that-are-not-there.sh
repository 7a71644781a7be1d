#!/bin/bash
# libseccomp adds a rule for open(2) to a filter for arm64, an architecture that has openat(2) only.
# A good guess: seccomp_rule_add() fails, or leaves the rule out.
# Seen: the name resolves to a negative number other than __NR_SCMP_ERROR, seccomp_rule_add() says 0, and the filter gets a
# comparison with a number that no call has. Only seccomp_rule_add_exact() refuses (-EDOM). So a table of allowed calls that was
# written on x86-64 builds and loads on arm64 without a word, and kills the process at the call that the table lacks there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq libseccomp-dev=2.5.4-1+deb12u1 libseccomp2=2.5.4-1+deb12u1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
lib=$PWD/root/usr/lib/$(gcc -print-multiarch)
cat >rule.c <<'END'
#include <seccomp.h>
#include <stdio.h>

int main(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int call = seccomp_syscall_resolve_name("open");

	seccomp_arch_add(filter, SCMP_ARCH_AARCH64);
	seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
	int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, "open");
	int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
	int exact = seccomp_rule_add_exact(filter, SCMP_ACT_ALLOW, call, 0);
	const struct scmp_version *v = seccomp_version();

	printf("libseccomp %u.%u.%u\n", v->major, v->minor, v->micro);
	printf("open on arm64: expected %d; seen %d\n", __NR_SCMP_ERROR, number);
	printf("seccomp_rule_add: expected an error; seen %d (seccomp_rule_add_exact: %d)\n", added, exact);
	return !(number < 0 && number != __NR_SCMP_ERROR && added == 0 && exact < 0);
}
END
gcc -Iroot/usr/include rule.c -o rule -L"$lib" -lseccomp -Wl,-rpath-link,"$lib"
LD_LIBRARY_PATH=$lib ./rule
