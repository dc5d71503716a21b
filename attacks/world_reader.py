"""Runs pickles through both unpicklers of this Python, which may be any from 3.6 on, with names that do nothing.

    python world_reader.py < programs > outcomes

A program is a little-endian u32 and so many bytes. For each of the two unpicklers an outcome is one byte (1: the
sentinel was asked for, 2: there is a value, 4: the value holds or needed something of a name that is not harmless)
and two digests of 8 bytes: of the value, and of the names that were asked for. Shared with small_world.py.
"""

import collections
import hashlib
import io
import pickle
import re
import resource
import struct
import sys
import warnings

SENTINEL = ("sentinel", "reached")
# What is harmless whatever it is given.
REAL = {
    ("builtins", "bytearray"): bytearray,
    ("builtins", "complex"): complex,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "set"): set,
    ("collections", "Counter"): collections.Counter,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "deque"): collections.deque,
}
NOTHING = b"\0" * 8
MEMORY = 2 << 30


class Stub(object):
    """Stands for whatever is asked for; does nothing."""

    def __init__(self, *_, **__):
        pass

    def __call__(self, *_, **__):
        return Stub()

    def __setstate__(self, _):
        pass

    def __setitem__(self, _, __):
        pass

    def __hash__(self):
        return 0

    def __eq__(self, other):
        return self is other

    def append(self, _):
        pass

    def extend(self, _):
        pass

    def add(self, _):
        pass


class Strange(Exception):
    """The value holds something that is not a plain value."""


def attributes(value, seen):
    extra = getattr(value, "__dict__", None)
    return canonical(dict(extra), seen) if extra else ""


def canonical(value, seen=()):
    """Text that differs where types or values differ; what holds itself is named by its depth."""
    kind = type(value)
    if value is None or kind in (bool, int, str, bytes):
        return "%s:%a" % (kind.__name__, value)
    if kind is bytearray:
        return "bytearray:%r" % bytes(value)
    if kind is float:
        return "float:" + ("nan" if value != value else struct.pack(">d", value).hex())
    if kind is complex:
        return "complex(%s,%s)" % (canonical(value.real), canonical(value.imag))
    if id(value) in seen:
        return "<%d>" % seen.index(id(value))
    below = seen + (id(value),)
    if kind is collections.deque:
        return "deque(%s,%s)" % (canonical(list(value), below), value.maxlen)
    if kind in (list, tuple):
        return "%s(%s)" % (kind.__name__, ",".join([canonical(item, below) for item in value]))
    if kind in (set, frozenset):
        return "%s(%s)" % (kind.__name__, ",".join(sorted([canonical(item, below) for item in value])))
    if kind in (dict, collections.OrderedDict, collections.Counter):
        rows = ["%s=%s" % (canonical(key, below), canonical(item, below)) for key, item in value.items()]
        return "%s(%s)%s" % (kind.__name__, ",".join(rows), attributes(value, below))
    raise Strange(kind)


def digest(text):
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def simple(name):
    """A name without what reports escape, and cut."""
    return re.sub("[^A-Za-z0-9_.]+", "?", name)[:100]


def recorder(unpickler):
    """An unpickler that records; one class for all its runs, for classes are slow to make."""

    class Recorder(unpickler):
        def find_class(self, module, name):
            self.names.append((module, name))
            if (module, name) in REAL:
                return REAL[module, name]
            if (module, name) != SENTINEL:
                self.strange = True
            return Stub

        def persistent_load(self, _):
            self.strange = True
            return Stub()

    return Recorder


def outcome(recorder, program, to_end=False, **options):
    """(flags, text of the value of the first pickle or None, all names that were asked for)

    to_end: what follows the first pickle is run too, pickle by pickle, for its names.
    """
    stream = io.BytesIO(program)
    run = recorder(stream, **options)
    run.names = names = []
    run.strange = False
    flags = 0
    text = None
    try:
        value = run.load()
        flags |= 2
        text = canonical(value)
    except Strange:
        run.strange = True
    except Exception:  # the reader stops, also where there is no memory: that is the outcome
        pass
    if SENTINEL in names:
        flags |= 1
    if run.strange:
        flags |= 4
    while to_end and flags & 2 and stream.tell() < len(program):
        following = recorder(stream)
        following.names = names
        following.strange = False
        try:
            following.load()
        except Exception:  # the same
            break
    return flags, text, names


UNPICKLERS = (recorder(pickle.Unpickler), recorder(pickle._Unpickler))


def packed(recorder, program):
    flags, text, names = outcome(recorder, program)
    rest = set(names) - {SENTINEL} - set(REAL)
    asked = sorted(set((simple(module), simple(name)) for module, name in rest if module))  # "" is not a module
    return bytes([flags]) + (digest(text) if text is not None else NOTHING) + (digest(repr(asked)) if asked else NOTHING)


def main():
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while True:
        head = source.read(4)
        if not head:
            return
        block = source.read(struct.unpack("<I", head)[0])
        out = []
        at = 0
        while at < len(block):
            size = struct.unpack_from("<H", block, at)[0]
            program = block[at + 2 : at + 2 + size]
            at += 2 + size
            out += [packed(recorder, program) for recorder in UNPICKLERS]
        target.write(b"".join(out))
        target.flush()


if __name__ == "__main__":
    main()
