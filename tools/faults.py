"""The one-line faults that can be put into a C file (tools/mutate).

Operators: a condition is inverted, a comparison or another operator is exchanged for its
neighbour, a constant is one more, a call or an assignment that stands for itself is left out.
"""

import dataclasses
import re

from clang.cindex import CursorKind

OPERATORS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
             "&&": "||", "||": "&&", "+": "-", "-": "+", "&": "|", "|": "&", "<<": ">>", ">>": "<<"}
CONDITION = {CursorKind.IF_STMT: 0, CursorKind.WHILE_STMT: 0, CursorKind.DO_STMT: 1,
             CursorKind.CONDITIONAL_OPERATOR: 0}
BODIES = {CursorKind.COMPOUND_STMT, CursorKind.IF_STMT, CursorKind.FOR_STMT, CursorKind.WHILE_STMT,
          CursorKind.CASE_STMT, CursorKind.DEFAULT_STMT}


@dataclasses.dataclass(frozen=True)
class Fault:
    """The octets from start to end of a file, and what stands there instead."""

    file: str
    function: str
    start: int
    end: int
    instead: bytes
    lines: tuple  # first and last
    before: str   # these lines, with single spaces, without and with the fault
    after: str

    def put_into(self, text):
        return text[:self.start] + self.instead + text[self.end:]

    @property
    def key(self):
        """What names the fault while lines move."""
        return self.file, self.function, self.before, self.after


def find(file, text, unit):
    """All faults of a file, each once: its name and octets, and the file as clang has parsed it.

    What a macro expands to has the place of the macro: several nodes may give the same fault.
    """
    finder = _Finder(file, text)
    for cursor in unit.cursor.get_children():
        if cursor.kind == CursorKind.FUNCTION_DECL and cursor.is_definition() and (
                cursor.location.file and cursor.location.file.name == unit.spelling):
            finder.function = cursor.spelling
            finder.walk(cursor, None)
    return list(dict.fromkeys(finder.faults))


class _Finder:
    def __init__(self, file, text):
        self.file, self.text, self.function = file, text, None
        self.faults = []

    def slice(self, cursor):
        return self.text[cursor.extent.start.offset:cursor.extent.end.offset]

    def add(self, start, end, instead):
        first = self.text.rfind(b"\n", 0, start) + 1
        last = self.text.find(b"\n", end)
        words = [b" ".join(text.split()).decode() for text in (
            self.text[first:last], self.text[first:start] + instead + self.text[end:last])]
        lines = tuple(1 + self.text.count(b"\n", 0, offset) for offset in (start, end))
        self.faults.append(Fault(self.file, self.function, start, end, instead, lines, *words))

    def replace(self, cursor, instead):
        self.add(cursor.extent.start.offset, cursor.extent.end.offset, instead)

    def walk(self, cursor, parent):
        children = list(cursor.get_children())
        if cursor.kind in CONDITION and len(children) > CONDITION[cursor.kind]:
            self.condition(children[CONDITION[cursor.kind]])
        elif cursor.kind == CursorKind.BINARY_OPERATOR and len(children) == 2:
            self.operator(*children)
        elif cursor.kind == CursorKind.INTEGER_LITERAL:
            self.constant(cursor)
        if parent and parent.kind in BODIES:
            self.statement(cursor)
        for child in children:
            self.walk(child, cursor)

    def condition(self, cursor):
        text = self.slice(cursor)
        if text:
            self.replace(cursor, b"!(" + text + b")")

    def operator(self, left, right):
        """The operator stands alone between its operands, where no macro hides it."""
        start, end = left.extent.end.offset, right.extent.start.offset
        sign = self.text[start:end].strip()
        if sign.decode() in OPERATORS:
            start += self.text[start:end].index(sign)
            self.add(start, start + len(sign), OPERATORS[sign.decode()].encode())

    def constant(self, cursor):
        text = self.slice(cursor).decode()
        if text in ("true", "false"):
            self.replace(cursor, b"false" if text == "true" else b"true")
        elif re.fullmatch(r"(0x)?[0-9a-fA-F]+[uUlL]*", text):
            self.replace(cursor, f"({text} + 1)".encode())

    def statement(self, cursor):
        if cursor.kind in (CursorKind.CALL_EXPR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR):
            self.replace(cursor, b"(void)0")
        elif cursor.kind == CursorKind.BINARY_OPERATOR:
            left, right = cursor.get_children()
            if self.text[left.extent.end.offset:right.extent.start.offset].strip() == b"=":
                self.replace(cursor, b"(void)0")
