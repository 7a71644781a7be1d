"""Kernels, and containers, that lack what Poplar needs."""

import ctypes
import platform
import struct
import subprocess
import unittest

from harness import BUILD, PATIENCE, Log, Poplar, main

CALLS = {"openat2": 437, "close_range": 436, "pidfd_open": 434, "landlock_create_ruleset": 444}  # the same on all architectures
ENOSYS, EPERM = 38, 1
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
ERRNO, ALLOW = 0x00050000, 0x7fff0000


def without(call, error):
    """For a process that is about to begin: take the call from it and its children."""
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, CALLS[call]), (0x06, 0, 0, ERRNO | error), (0x06, 0, 0, ALLOW)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in code))
    libc = ctypes.CDLL(None)

    def take():
        filter_ = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(code), ctypes.addressof(program)))
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, filter_, 0, 0) != 0:
            raise OSError("seccomp")
    return take


@unittest.skipUnless(platform.machine() in ("x86_64", "aarch64"), "its filter is made for these")
class Missing(unittest.TestCase):
    def test_poplard_refuses_to_start_and_names_the_call(self):
        """... also where a container forbids it, and so does check."""
        with Poplar() as p:
            p.stop()
            for name in ("openat2", "close_range", "pidfd_open"):
                for error in (ENOSYS, EPERM):
                    for command in ([BUILD / "poplard", "-c", p.config], [BUILD / "poplar", "-c", p.config, "check"]):
                        with self.subTest(name, error=error, command=command[0].name):
                            out = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE,
                                                 preexec_fn=without(name, error))
                            self.assertIn(f"{name}(2) (Linux 5.", out.stderr)
                            self.assertNotEqual(out.returncode, 0)

    def test_without_landlock_poplard_serves_and_warns(self):
        """In the words of check."""
        with Poplar() as p:
            p.stop()
            take = without("landlock_create_ruleset", ENOSYS)
            out = subprocess.run([BUILD / "poplar", "-c", p.config, "check"], capture_output=True, text=True,
                                 timeout=PATIENCE, preexec_fn=take)
            self.assertEqual(out.returncode, 0, out.stderr)
            said = out.stderr.partition("warning: ")[2].strip()
            self.assertIn("expected Landlock, found none in this kernel", said)
            p.process = subprocess.Popen([BUILD / "poplard", "-c", p.config], stderr=subprocess.PIPE,
                                         preexec_fn=take)
            p.log = Log(p.process.stderr)
            p.log.wait("event=ready")
            self.assertIn(f'event=configuration what="{said}"', p.log.find("event=configuration")[0])
            p.login().quit()


if __name__ == "__main__":
    main()
