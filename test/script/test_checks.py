"""The checks of tools/, each in a tree of a few files that breaks what it checks."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import unittest.mock

from harness import main

TOOLS = pathlib.Path(__file__).resolve().parent.parent.parent / "tools"
MESON = """project('tree', 'c')
subdir('src')
"""


class Tree(unittest.TestCase):
    """A folder with src/ and a copy of tools/."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        shutil.copytree(TOOLS, self.top / "tools", ignore=shutil.ignore_patterns("test"))

    def write(self, **files):
        """Files below src/: the name with __ for / and a dot before its last letter."""
        for name, text in files.items():
            self.put("src/" + name[:-2].replace("__", "/") + "." + name[-1], text)

    def put(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self, tool, *arguments):
        done = subprocess.run([self.top / "tools" / tool, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout


class Circles(Tree):
    def circles(self):
        (self.top / "build").mkdir(exist_ok=True)
        rows = [{"directory": str(self.top / "build"), "file": f"../{path.relative_to(self.top)}",
                 "output": "x.o", "command": "cc -iquote ../src -c"} for path in (self.top / "src").rglob("*.c")]
        (self.top / "build" / "compile_commands.json").write_text(json.dumps(rows))
        return self.check("check-circles")

    def test_calls_downward_are_no_circle(self):
        self.write(a_h="int a(void);", b_h="int b(void);",
                   a_c='#include "a.h"\n#include "b.h"\nint a(void) { return b(); }',
                   b_c='#include "b.h"\nint b(void) { return 1; }')
        self.assertEqual((0, ""), self.circles())

    def test_two_files_that_call_each_other_are_one_with_both_calls(self):
        self.write(ab_h="int a(int); int b(int);",
                   d__a_c='#include "ab.h"\nint a(int n) { return b(n); }',
                   d__e__b_c='#include "ab.h"\nint b(int n)\n{\n\treturn n ? a(n - 1) : 0;\n}')
        status, output = self.circles()
        self.assertEqual(1, status)
        self.assertIn("circle of calls, 2 files: d/a d/e/b", output)
        self.assertIn("d/a.c:a -> d/e/b.c:b (2)", output)
        self.assertIn("d/e/b.c:b -> d/a.c:a (4)", output)

    def test_a_circle_of_three_files_is_one(self):
        self.write(x_h="int a(int); int b(int); int c(int);",
                   a_c='#include "x.h"\nint a(int n) { return b(n); }',
                   b_c='#include "x.h"\nint b(int n) { return c(n); }',
                   c_c='#include "x.h"\nint c(int n) { return n ? a(n - 1) : 0; }',
                   d_c='#include "x.h"\nint d(int n);\nint d(int n) { return a(n); }')
        status, output = self.circles()
        self.assertEqual(1, status)
        self.assertIn("circle of calls, 3 files: a b c\n", output)

    def test_static_functions_of_files_with_one_name_are_not_mixed_up(self):
        text = "static int low(void) { return 1; }\nint %s(void);\nint %s(void) { return low(); }"
        self.write(d__a_c=text % ("d", "d"), e__a_c=text % ("e", "e"))
        self.assertEqual((0, ""), self.circles())

    def test_an_inline_function_of_a_header_belongs_to_its_source_file(self):
        self.write(a_h="int low(void);\nstatic inline int a(void) { return low(); }",
                   a_c='#include "a.h"\n#include "b.h"\nint low(void) { return b(); }',
                   b_h="int b(void);",
                   b_c='#include "a.h"\n#include "b.h"\nint b(void) { return 0 && a(); }')
        status, output = self.circles()
        self.assertEqual(1, status)
        self.assertIn("b.c:b -> a.h:a (3)", output)

    def test_a_call_in_a_macro_and_one_chosen_between_two_are_seen(self):
        self.write(x_h="int a(int); int b(int); int c(int);\n#define A(n) a(n)",
                   a_c='#include "x.h"\nint a(int n) { return (n ? b : c)(n); }',
                   b_c='#include "x.h"\nint b(int n) { return A(n - 1); }',
                   c_c='#include "x.h"\nint c(int n) { return n; }')
        status, output = self.circles()
        self.assertEqual(1, status)
        self.assertIn("b.c:b -> a.c:a (2)", output)
        self.assertIn("a.c:a -> b.c:b (2)", output)

    def test_a_callback_handed_down_and_a_call_through_a_pointer_are_no_circle(self):
        self.write(low_h="struct hooks { int (*done)(int); };\nint low(const struct hooks *h);\nint walk(int (*f)(int));",
                   low_c='#include "low.h"\nint low(const struct hooks *h) { return h->done(1); }\n'
                         'int walk(int (*f)(int)) { return f(2); }',
                   high_c='#include "low.h"\nint high(int n);\nint high(int n) { return n; }\n'
                          'static const struct hooks mine = { high };\n'
                          'int main(void) { return low(&mine) + walk(high); }')
        self.assertEqual((0, ""), self.circles())

    def test_functions_of_one_name_that_are_static_are_two(self):
        self.write(a_h="int a(void);", b_h="int b(void);",
                   a_c='#include "a.h"\n#include "b.h"\nstatic int f(void) { return b(); }\nint a(void) { return f(); }',
                   b_c='#include "b.h"\nstatic int f(void) { return 1; }\nint b(void) { return f(); }')
        self.assertEqual((0, ""), self.circles())

    def test_functions_of_one_name_in_two_executables_are_two(self):
        self.write(x__step_h="int step(void);", y__step_h="int step(void);", x__b_h="int b(void);",
                   y__b_h="int b(void);",
                   x__step_c='#include "x/step.h"\n#include "x/b.h"\nint step(void) { return b(); }',
                   x__b_c='#include "x/b.h"\nint b(void) { return 1; }',
                   y__b_c='#include "y/b.h"\n#include "y/step.h"\nint b(void) { return step(); }',
                   y__step_c='#include "y/step.h"\nint step(void) { return 1; }')
        self.assertEqual((0, ""), self.circles())

    def test_headers_that_include_each_other_are_a_circle(self):
        self.write(a_h='#pragma once\n#include "b.h"', b_h='#pragma once\n#include "a.h"', a_c='#include "a.h"')
        status, output = self.circles()
        self.assertEqual(1, status)
        self.assertIn("circle of includes, 2 files: a.h b.h", output)
        self.assertIn("b.h includes a.h (2)", output)

    def test_source_files_that_include_each_others_headers_are_a_circle(self):
        self.write(a_h="", b_h="", a_c='#include "b.h"', b_c='#include "a.h"')
        status, output = self.circles()
        self.assertEqual(1, status)
        self.assertIn("circle of includes, 2 files: a b", output)

    def test_a_header_of_types_may_be_shared_by_the_files_that_it_builds_on(self):
        self.write(a_h="", parts_h='#include "a.h"', a_c='#include "a.h"\n#include "parts.h"')
        self.assertEqual((0, ""), self.circles())

    def test_a_file_that_clang_cannot_read_is_no_success(self):
        self.write(a_c='#include "missing.h"\n')
        status, output = self.circles()
        self.assertNotEqual(0, status)
        self.assertIn("missing.h", output)


class Layers(Tree):
    """Two libraries, low and high, and an executable in tool/ that links both."""

    def setUp(self):
        super().setUp()
        self.write(low__low_h="int low(void);", low__low_c='#include "low/low.h"\nint low(void) { return 1; }',
                   high__high_h="int high(void);",
                   high__high_c='#include "high/high.h"\n#include "low/low.h"\nint high(void) { return low(); }',
                   tool__main_c='#include "high/high.h"\nint main(void) { return high(); }')
        self.law("low: low", "high: low high", "tool: low high tool")
        self.links("low, high")

    def law(self, *lines):
        self.put("doc/layers", "".join(line + "\n" for line in lines))

    def links(self, libraries):
        self.put("meson.build", MESON)
        self.put("src/meson.build", f"""
plain = {{ 'implicit_include_directories': false, 'c_args': ['-iquote', meson.current_source_dir()] }}
low = static_library('low', 'low/low.c', kwargs: plain)
high = static_library('high', 'high/high.c', kwargs: plain)
executable('tool', 'tool/main.c', link_with: [{libraries}], kwargs: plain)
""")

    def layers(self):
        subprocess.run(["meson", "setup", "build"], cwd=self.top, check=True, stdout=subprocess.PIPE)
        return self.check("check-layers")

    def test_a_tree_that_keeps_the_law_passes(self):
        self.assertEqual((0, ""), self.layers())

    def test_an_include_upward_is_refused_with_its_line_and_what_is_allowed(self):
        self.write(low__low_c='#include "low/low.h"\n#include "high/high.h"\nint low(void) { return 1; }')
        self.assertEqual((1, "src/low/low.c:2: low may not include high/ (high/high.h); allowed: low\n"), self.layers())

    def test_the_longest_name_that_fits_a_file_is_its_layer(self):
        self.write(low__deep__x_h="", low__deep__y_h='#include "high/high.h"')
        self.law("low: low", "low/deep: high low/deep", "high: low high low/deep", "tool: low high tool")
        self.assertEqual((0, ""), self.layers())
        self.write(low__low_h='#include "low/deep/x.h"\nint low(void);')
        self.assertIn("low may not include low/deep/ (low/deep/x.h)", self.layers()[1])

    def test_a_folder_without_a_line_is_named(self):
        self.write(new__new_h="")
        self.assertEqual((1, "doc/layers: no line for src/new/\n"), self.layers())

    def test_a_line_without_a_folder_is_named(self):
        self.law("low: low", "high: low high", "old: low", "tool: low high tool")
        self.assertEqual((1, "doc/layers:3: no file in src/old/\n"), self.layers())

    def test_what_may_be_included_must_be_linked(self):
        self.links("low")
        self.write(tool__main_c="int main(void) { return 0; }")
        self.assertEqual((1, "doc/layers:3: tool may include high/, which tool does not link\n"), self.layers())

    def test_what_is_linked_must_be_allowed(self):
        self.law("low: low", "high: low high", "tool: high tool")
        self.assertEqual((1, "doc/layers:3: tool links low/, which tool may not include\n"), self.layers())

    def test_a_folder_without_input_or_output_includes_no_header_of_the_kernel(self):
        self.law("low: low", "high: low high", "tool: low high tool", "no I/O: low")
        self.write(low__low_h="#include <stdint.h>\nint low(void);")
        self.assertEqual((0, ""), self.layers())
        self.write(low__low_h="#include <stdint.h>\n#include <sys/stat.h>\nint low(void);")
        self.assertEqual((1, "src/low/low.h:2: low does no I/O, and may not include <sys/stat.h>\n"), self.layers())


ROLES = """#define ROLE_TABLE(X) \\
	X(FRONT, "poplar-front") \\
	X(AUTH,  "poplar-auth")        /* of users */
"""
MESSAGES = """#define MESSAGE_TABLE(X) \\
	/* name    from    to      descriptor */ \\
	X(ASK,     FRONT,  AUTH,   NONE) \\
	X(AUTH_OK, AUTH,   FRONT,  SOCKET)
"""
PICTURE = """// check messages m.h r.h
digraph {
	"poplar-front"; "poplar-auth"; login [%s, label=<%s>]
	"poplar-front" -> login -> "poplar-auth"
}
"""
ALL = 'from="poplar-front", to="poplar-auth", messages="ASK", answers="AUTH_OK"'


class Drawings(Tree):
    def setUp(self):
        super().setUp()
        self.put("r.h", ROLES)
        self.put("m.h", MESSAGES)

    def drawn(self, source):
        self.put("doc/p.dot", source)
        self.assertEqual((0, ""), self.check("draw"))
        return self.check("draw", "--check")

    def test_a_picture_that_agrees_with_the_tables_passes(self):
        self.assertEqual((0, ""), self.drawn(PICTURE % (ALL, "ASK<br/>AUTH_OK (socket)")))

    def test_a_source_that_was_changed_after_drawing_is_refused(self):
        self.drawn(PICTURE % (ALL, "ASK"))
        self.put("doc/p.dot", PICTURE % (ALL, "the ASK"))
        self.assertEqual((1, "doc/p.svg is not drawn from doc/p.dot: run tools/draw\n"), self.check("draw", "--check"))

    def test_a_picture_that_was_changed_by_hand_is_refused(self):
        self.drawn(PICTURE % (ALL, "ASK"))
        svg = self.top / "doc" / "p.svg"
        svg.write_text(svg.read_text().replace("ASK", "SKA"))
        self.assertEqual((1, "doc/p.svg is not drawn from doc/p.dot: run tools/draw\n"), self.check("draw", "--check"))

    def test_a_message_that_goes_the_other_way_is_refused(self):
        status, output = self.drawn(PICTURE % (ALL.replace('"ASK"', '"ASK AUTH_OK"'), "words"))
        self.assertEqual((1, "doc/p.dot: login: poplar-front to poplar-auth: AUTH_OK is drawn, but is not there\n"),
                         (status, output))

    def test_a_message_that_is_left_out_is_named(self):
        status, output = self.drawn(PICTURE % (ALL.replace('"AUTH_OK"', '""'), "words"))
        self.assertEqual((1, "doc/p.dot: login: poplar-auth to poplar-front: AUTH_OK is there, but is not drawn\n"),
                         (status, output))

    def test_two_processes_without_a_node_between_are_named(self):
        status, output = self.drawn('// check messages m.h r.h\ndigraph { "poplar-front"; "poplar-auth" }')
        self.assertEqual((1, "doc/p.dot: nothing from poplar-auth to poplar-front: AUTH_OK\n"
                             "doc/p.dot: nothing from poplar-front to poplar-auth: ASK\n"), (status, output))

    def test_an_arrow_that_ends_elsewhere_is_refused(self):
        source = (PICTURE % (ALL, "words")).replace('login -> "poplar-auth"', 'login -> elsewhere')
        self.assertEqual((1, "doc/p.dot: login: no arrow to poplar-auth\n"), self.drawn(source))

    def test_a_label_tells_the_descriptor_of_the_table(self):
        status, output = self.drawn(PICTURE % (ALL, "ASK (file)<br/>AUTH_OK, AUTH_NO"))
        self.assertEqual(1, status)
        self.assertIn("login: ASK travels with NONE", output)
        self.assertIn("login: AUTH_OK travels with SOCKET", output)
        self.assertIn("login: AUTH_NO is not one of its messages", output)

    def test_a_folder_that_is_not_there_or_not_drawn_is_named(self):
        self.write(low__low_h="", high__x__x_h="")
        self.assertEqual((0, ""), self.drawn('// check folders src\ndigraph { "src/low"; "src/high" [label="high/x"] }'))
        status, output = self.drawn('// check folders src\ndigraph { "src/new"; "src/high" [label="high/y"] }')
        self.assertEqual(1, status)
        self.assertIn("folders: src/new is drawn, but is not there", output)
        self.assertIn("folders: src/low is there, but is not drawn", output)
        self.assertIn("src/high: there is no folder high/y", output)

    def test_the_states_of_a_machine_are_those_of_its_enum(self):
        self.write(s_h="enum other { NO };\nenum state {\n\tOPEN, /* NOT */\n\tSHUT = 4,\n};")
        self.assertEqual((0, ""), self.drawn("// check states src/s.h state\ndigraph { OPEN -> SHUT }"))
        self.assertEqual((1, "doc/p.dot: enum state: LOST is drawn, but is not there\n"
                             "doc/p.dot: enum state: SHUT is there, but is not drawn\n"),
                         self.drawn("// check states src/s.h state\ndigraph { OPEN -> LOST }"))

    def test_the_transitions_of_a_machine_are_those_of_its_table(self):
        self.put("t.md", "| state | event: next state |\n|---|---|\n"
                         "| open r | late: *over*; some end: shut -; line: open w |\n| shut - | room: open r |\n")
        source = "// check transitions t.md\ndigraph { open -> shut [events=\"%s\"]; shut -> open [events=room]; open -> open }"
        self.assertEqual((0, ""), self.drawn(source % "some end"))
        self.assertEqual((1, "doc/p.dot: open to shut: late is drawn, but is not there\n"
                             "doc/p.dot: open to shut: some end is there, but is not drawn\n"), self.drawn(source % "late"))


class Mutation(Tree):
    def setUp(self):
        super().setUp()
        subprocess.run(["git", "init", "--quiet", "."], cwd=self.top, check=True)
        self.put("bin/gcov", f"#!/bin/sh\necho a warning >&2\nexec {shutil.which('gcov')} \"$@\"\n")
        (self.top / "bin" / "gcov").chmod(0o755)
        path = unittest.mock.patch.dict(os.environ, PATH=f"{self.top}/bin:{os.environ['PATH']}")
        path.start()
        self.addCleanup(path.stop)
        self.put(".gitignore", "/build*/\n")
        self.put("meson.build", """project('tree', 'c')
add_project_arguments('-iquote', meson.current_source_dir() / 'src', language: 'c')
a = static_library('a', 'src/a/a.c')
subdir('test')
""")
        self.put("test/meson.build", "test('test_a', executable('test_a', 'test_a.c', link_with: a), suite: 'unit')\n")
        self.write(a__a_h="int sum(int x, int y); int above(int x); int lonely(int x);",
                   a__a_c='#include "a/a.h"\nint sum(int x, int y)\n{\n\treturn x + y;\n}\n'
                          "int above(int x)\n{\n\tif (x > 0)\n\t\treturn 1;\n\treturn 0;\n}\n"
                          "int lonely(int x)\n{\n\treturn x - 7 + 7;\n}\n")
        self.put("test/test_a.c", '#include <sys/wait.h>\n#include <unistd.h>\n#include "a/a.h"\n'
                 "int main(void)\n{\n\tint status;\n\tif (!fork())\n\t\t_exit(sum(1, 2));\n\twait(&status);\n"
                 "\treturn WEXITSTATUS(status) != 3 || above(5) != 1 || above(-1) != 0;\n}\n")

    def test_faults_that_no_test_notices_are_told_and_those_of_the_list_are_not(self):
        status, output = self.check("mutate")
        above = "src/a/a.c above\n- if (x > 0)\n+ if (x {} {})\n"
        lonely = "src/a/a.c lonely\n- return x - 7 + 7;\n+ return x - (7 + 1) + 7;\n"
        self.assertEqual(1, status)
        for fault in above.format(">=", "0"), above.format(">", "(0 + 1)"), lonely:
            self.assertIn(fault, output)
        self.assertNotIn("a.c sum", output)
        self.assertIn("no test reaches it", output.split(lonely)[1].splitlines()[0])
        self.assertNotIn("no test reaches it", output.split(above.format(">=", "0"))[1].splitlines()[0])
        self.assertRegex(output, r"all +10 +4 40\.0 % +6 +0")
        self.put("doc/survivors", "# A list.\n\n" + lonely + "  Nobody calls it.\n\nsrc/a/a.c sum\n- return x;\n+ return y;\n  Old.\n")
        status, output = self.check("mutate")
        self.assertEqual(1, status)
        self.assertNotIn(lonely + "  line", output)
        self.assertRegex(output, r"all +9 +4 44\.4 % +5 +1")
        self.assertIn("stale in doc/survivors: src/a/a.c sum\n- return x;\n+ return y;\n", output)

    def test_every_test_that_compiles_a_file_for_itself_gets_its_faults(self):
        self.put("test/meson.build", """foreach name : ['test_b', 'test_c']
  test(name, executable(name, [name + '.c', '../src/a/b.c']), suite: 'unit')
endforeach
""")
        self.write(a__b_c="int above(int x);\nint above(int x)\n{\n\treturn x > 0;\n}\n")
        for name, claim in ("test_b", "above(0) == 0"), ("test_c", "above(1) == 1"):
            self.put(f"test/{name}.c", f"int above(int x);\nint main(void)\n{{\n\treturn !({claim});\n}}\n")
        status, output = self.check("mutate", "src/a/b.c")
        self.assertEqual(0, status, output)
        self.assertRegex(output, r"src/a/b.c +2 +2 100\.0 %")


class Faults(Tree):
    def test_a_fault_in_what_a_macro_repeats_is_there_once(self):
        self.write(a_c="int one(int), two(int);\n#define EACH(X) X(one) X(two)\n#define CALL(f) f(x);\n"
                       "void both(int x)\n{\n\tEACH(CALL)\n\tone(x);\n\tone(x);\n}\n")
        self.put("tools/all", "import faults, pathlib, sources\npath = pathlib.Path('src/a.c')\n"
                 "for fault in faults.find(str(path), path.read_bytes(), sources.parse(path, [])):\n"
                 "    print(fault.lines[0], fault.after)\n")
        done = subprocess.run(["/usr/bin/python3", "tools/all"], cwd=self.top, stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual("6 (void)0\n7 (void)0;\n8 (void)0;\n", done.stdout)


if __name__ == "__main__":
    main()
