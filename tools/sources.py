"""The C files of a build folder, as its compile_commands.json and clang see them.

Needs python3-clang (`tools/prepare test`).
"""

import json
import os
import pathlib
import shlex

import clang.cindex

KEPT = ("-D", "-I", "-std=")  # the options that change what a file declares
ERROR = clang.cindex.Diagnostic.Error


class Command:
    """How a build compiles one file: `file` relative to the top, `output` to the build folder, `words`
    the whole command, `options` those that clang needs to read the file."""

    def __init__(self, row, top):
        words = shlex.split(row["command"])
        folder = row["directory"]
        self.words = words
        self.output = row["output"]
        self.file = os.path.relpath(os.path.join(folder, row["file"]), top)
        self.options = ["-I" + os.path.join(folder, word[2:]) if word.startswith("-I") else word
                        for word in words if word.startswith(KEPT) and "FORTIFY" not in word]
        for word, path in zip(words, words[1:]):
            if word in ("-iquote", "-isystem"):
                self.options += [word, os.path.join(folder, path)]


def commands(build, top, below="src/"):
    """The commands of all files below a folder of the tree."""
    rows = json.loads((pathlib.Path(build) / "compile_commands.json").read_text())
    found = [Command(row, top) for row in rows]
    return [command for command in found if command.file.startswith(below)]


def parse(path, options):
    """The file as clang reads it. Raises ValueError where clang finds an error in it."""
    unit = clang.cindex.Index.create().parse(str(path), args=[*options, "-w"])
    errors = [str(found) for found in unit.diagnostics if found.severity >= ERROR]
    if errors:
        raise ValueError("\n".join(errors))
    return unit
