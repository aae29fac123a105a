#!/usr/bin/env python3
"""Reads from a built program how it was hardened, and fails when something is missing.

    hardening.py PROGRAM       prints what is missing
    hardening.py --self-test   a program that was built without any of it lacks all of it; needs a C++ compiler
"""

import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout


class Program:
    def __init__(self, path):
        self.header = output_of("readelf", "-hW", path)
        self.segments = output_of("readelf", "-lW", path)
        self.dynamic = output_of("readelf", "-dW", path)
        self.imports = {match for match in re.findall(r" UND ([\w.]+)", output_of("readelf", "-W", "--dyn-syms", path))}
        self.main = output_of("objdump", "-d", "--no-show-raw-insn", "--disassemble=main", path)
        self.compilers = set(re.findall(r"GNU C\+\+\d+ .*", output_of("readelf", "-W", "-p", ".debug_str", path)))

    def flags(self):
        return re.findall(r"(?:Flags:|FLAGS\)) *(.*)", self.dynamic)


# What must be so: (program) -> bool. What leaves no other trace is read from the compiler's own note in the debug information.
REQUIRED = {
    "it is loaded at a random address (-pie)": lambda p: "DYN (Position-Independent Executable" in p.header,
    "no segment is writable and executable": lambda p: not re.search(r"^ +LOAD .* RWE ", p.segments, re.MULTILINE),
    "the stack is not executable (-z noexecstack)": lambda p: re.search(r"GNU_STACK .* RW +0x", p.segments),
    "relocations are read-only (-z relro)": lambda p: "GNU_RELRO" in p.segments,
    "all of them, because they are done at the start (-z now)": lambda p: any("NOW" in flags for flags in p.flags()),
    "stacks have canaries (-fstack-protector-strong)": lambda p: "__stack_chk_fail" in p.imports,
    "the C library checks bounds (_FORTIFY_SOURCE)": lambda p: any(name.endswith("_chk") for name in p.imports),
    "the C++ library checks bounds (_GLIBCXX_ASSERTIONS)": lambda p: any("__glibcxx_assert_fail" in name for name in p.imports),
    "big frames touch each page (-fstack-clash-protection)": lambda p: p.compilers and all(
        "-fstack-clash-protection" in compiler for compiler in p.compilers),
}
if platform.machine() == "x86_64":
    REQUIRED["indirect jumps land where they may (-fcf-protection)"] = lambda p: "endbr64" in p.main


def missing(path):
    program = Program(path)
    return [what for what, holds in REQUIRED.items() if not holds(program)]


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        source, bare = pathlib.Path(folder, "bare.cpp"), pathlib.Path(folder, "bare")
        source.write_text("#include <string>\nint main(int n, char** v) { char a[9]; __builtin_strcpy(a, v[0]); return a[n]; }\n")
        subprocess.run([os.environ.get("CXX", "g++"), "-g", "-O0", "-no-pie", "-fno-pie", "-U_FORTIFY_SOURCE", "-fno-stack-protector",
                        "-fno-stack-clash-protection", "-fcf-protection=none", "-Wl,-z,norelro,-z,lazy,-z,execstack", source, "-o",
                        bare], check=True)
        seen = set(missing(bare))
        # The linker makes no such segment of its own accord; the rule is for assembly that asks for one.
        unseen = set(REQUIRED) - seen - {"no segment is writable and executable"}
    for what in sorted(unseen):
        print(f"a program without it passes: {what}")
    return not unseen


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(0 if self_test() else 1)
    lacking = missing(sys.argv[1])
    for what in lacking:
        print(f"{sys.argv[1]}: does not hold: {what}")
    sys.exit(1 if lacking else 0)


if __name__ == "__main__":
    main()
