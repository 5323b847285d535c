"""Do the tests notice a wrong line? Draws mutants of both packages and runs the tests of `make test` on each.

    python tests/mutation.py [--count 40] [--seed 1] [--jobs 2]

A mutant is the source with one change: another comparison, sign, operator or constant, or a statement left
out. It gets the tests that run its line, which coverage knows from one run on the whole source, then the
tests beside its file. Mutants that pass these get all tests, one after another. One that all tests pass is
MISSED: it behaves as the source does, or a test is missing. One that a test fails is noticed: the line below
says which test, so that an unrelated failure can be told.
"""

import argparse
import ast
import concurrent.futures
import copy
import difflib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mmannot_tf", "tfrecords_tools")
SECONDS = 3600
"""How long the tests may take on a mutant; one that takes longer is "timed out"."""
PASSED = (0, 5)
"""pytest's exit status where all tests passed, and where there were none."""
USAGE = 4
"""pytest's exit status where it was called with tests that do not exist."""

OPERATORS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Add,
    ast.Pow: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    """A file of the project with one change.

    Attributes:
        file: below the project's folder.
        line: where the change is.
        source: the changed file's text.
    """

    file: Path
    line: int
    source: str

    def difference(self) -> str:
        """The change, as two lines."""
        before = (ROOT / self.file).read_text(encoding="utf-8").splitlines()
        changes = difflib.unified_diff(before, self.source.splitlines(), lineterm="", n=0)
        return "\n".join(line for line in changes if line[:3] not in ("---", "+++") and line[:2] != "@@")


def changed(node: ast.AST) -> ast.AST | None:
    """The node with a change that may alter what it does, or None where there is none to make."""
    other = copy.deepcopy(node)
    match other:
        case ast.Compare(ops=[operator, *_]) if type(operator) in OPERATORS:
            other.ops[0] = OPERATORS[type(operator)]()
        case ast.BoolOp(op=operator) | ast.BinOp(op=operator) if type(operator) in OPERATORS:
            other.op = OPERATORS[type(operator)]()
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            return operand
        case ast.Constant(value=bool(value)):
            other.value = not value
        case ast.Constant(value=int(value)):
            other.value = value + 1
        case ast.Constant(value=float(value)):
            other.value = 2 * value or 1.0
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            return ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return ast.Pass()
        case _:
            return None
    return other


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those of annotations and f-strings, which have no place of their own in the text."""
    yield tree
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns") or isinstance(tree, ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _nodes(child)


def mutants(file: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    text = (ROOT / file).read_bytes()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in _nodes(ast.parse(text)):
        other = changed(node)
        if other is None:
            continue
        written = "pass" if isinstance(other, ast.Pass) else f"({ast.unparse(other)})"
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        yield Mutant(file, node.lineno, (text[:begin] + written.encode() + text[end:]).decode())


def drawn(count: int, seed: int) -> list[Mutant]:
    """Mutants drawn evenly from all of both packages, in an order that the seed decides."""
    files = sorted(file.relative_to(ROOT) for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
    every = [mutant for file in files for mutant in mutants(file)]
    print(f"{len(every)} mutants of {len(files)} files, {count} drawn by seed {seed}")
    return random.Random(seed).sample(every, count)


def checkout(folder: Path) -> Path:
    """A copy of the project's own files, with the shared data beside it where they are."""
    place = folder.resolve() / "main"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, place / name, follow_symlinks=False)
    if (ROOT.parent / "shared").is_dir():
        (place.parent / "shared").symlink_to(ROOT.parent / "shared")
    return place


def tested(place: Path, *words: str) -> tuple[int, str]:
    """Runs tests of `make test` on the code in a copy of the project; pytest's exit status and its output."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not exhaustive", "-p", "no:cacheprovider", *words]
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command,
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            told = process.communicate(timeout=SECONDS)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with all that its tests have started
            raise
    return process.returncode, told


def at_once(jobs: int) -> tuple[str, ...]:
    """pytest's options for tests in several processes, as the Makefile has them."""
    return f"--numprocesses={jobs}", "--dist=loadfile", "--no-loadscope-reorder"


def tests_by_line(folder: Path, jobs: int) -> dict[tuple[str, int], list[str]]:
    """(file, line) to the tests that run it, from one run of all on the unchanged source."""
    place = checkout(folder)
    status, told = tested(place, "--cov", "--cov-context=test", *at_once(jobs))
    if status:
        sys.exit(f"The tests must pass on the unchanged source.\n{told[-3000:]}")
    data, found = coverage.CoverageData(str(place / ".coverage")), {}
    data.read()
    for path in data.measured_files():
        for line, contexts in data.contexts_by_lineno(path).items():
            tests = {context.rpartition("|")[0] for context in contexts if context}
            found[str(Path(path).relative_to(place)), line] = sorted(tests)
    return found


def verdict(mutant: Mutant, place: Path, *words: str) -> str:
    """Runs the tests that `words` choose on the mutant: what became of it."""
    file = place / mutant.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(mutant.source, encoding="utf-8")
    try:
        status, told = tested(place, "--exitfirst", *words)
    except subprocess.TimeoutExpired:
        return "timed out"
    finally:
        file.write_text(whole, encoding="utf-8")
    if status == USAGE and "not found: " in told:
        sys.exit(told[-3000:])
    if status in PASSED:
        return "MISSED"
    failed = [line for line in told.splitlines() if line.startswith(("FAILED", "ERROR", "E  "))]
    return f"noticed ({failed[-1] if failed else told[-300:]})"


def nearby(mutant: Mutant, place: Path, tests: list[str]) -> str:
    """The verdict of `tests`, which run the mutant's line, then of the tests beside its file."""
    beside = Path("tests") / mutant.file.parent
    for words in (tests, [str(beside)] if (place / beside).is_dir() else []):
        if words and (found := verdict(mutant, place, *words)) != "MISSED":
            return found
    return "MISSED"


def main() -> None:
    """Prints what became of each mutant, then the count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    chosen = drawn(arguments.count, arguments.seed)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        lines = tests_by_line(Path(folder, "whole"), arguments.jobs)
        places = [checkout(Path(folder, str(job))) for job in range(arguments.jobs)]

        def tell(mutant: Mutant, found: str) -> str:
            print(f"{mutant.file}:{mutant.line}: {found}\n{mutant.difference()}", flush=True)
            return found.partition(" (")[0]

        def judged(mutant: Mutant) -> str:
            place = places.pop()
            try:
                return tell(mutant, nearby(mutant, place, lines.get((str(mutant.file), mutant.line), [])))
            finally:
                places.append(place)

        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            found = dict(zip(chosen, pool.map(judged, chosen), strict=True))
        left = [mutant for mutant in chosen if found[mutant] == "MISSED"]
        print(f"{len(left)} are left to all tests", flush=True)
        for mutant in left:
            found[mutant] = tell(mutant, verdict(mutant, places[0], *at_once(arguments.jobs)))
        print(", ".join(f"{count} {what}" for what, count in Counter(found.values()).most_common()))


if __name__ == "__main__":
    main()
