"""Do our identifiers keep to the words of this project? `make check-names` says where one does not, and what to say.

Three things are looked at, by the syntax of the code: identifiers that contain a word that was given up, two classes of
one name in `sandbox/` and `client/`, and modules that are named by an adverb or a participle. Identifiers are the names
of modules, classes, functions, parameters, fields, attributes and module constants. Locals are not: they are read where
they are made. The name of a test is a sentence, and prose is judged by eye.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("sandbox", "client", "tools", "bench", "torture", "tests")
PRODUCT = ("sandbox/", "client/")
"""Where no two classes may have one name."""
GENERATED = ("client/dialog_sandbox/_sync/",)
"""Its classes have the names of those that they are generated from, where these do not stand beside them."""
NOT_OURS = ("tests/partner/",)
"""A project of its own, as a partner has it."""

WORDS = {
    "ahead": "Deferred",
    "acts": "commands",
    "anew": "again, or new",
    "asked": "params, or request body",
    "backstage": "ExchangeHooks",
    "courier": "CallbackScheduler",
    "dice": "SeededRandom",
    "everybodys": "all",
    "extracts": "links_and_codes",
    "fate": "plan",
    "forget": "invalidate",
    "given": "request body, or params",
    "happening": "event",
    "happenings": "events",
    "lazily": "on demand",
    "lest": "what must not happen",
    "lots": "WeightedChoice",
    "meet": "apply_fault",
    "mend": "fix",
    "mends": "fixes",
    "met": "match_fault, or fulfilled",
    "occasion": "TextContext",
    "parcel": "QueuedCallback",
    "perform": "execute",
    "plays": "story_runs",
    "poster": "CallbackSender",
    "recall": "cached",
    "remembered": "cached",
    "remembering": "cached",
    "ring": "on_timer",
    "rise": "resume",
    "said": "texts, or messages_of_phone",
    "scribe": "EntryBuilder",
    "seen": "observed",
    "shown": "response body",
    "slip": "mistake",
    "slipped": "mistake",
    "slips": "mistakes",
    "somebody": "whom it means",
    "somebodys": "whom it means",
    "stage": "ExchangeHooks",
    "stir": "mark_due",
    "stirred": "due",
    "told": "response headers, or response body",
    "touch": "notify_changed",
    "touched": "changed",
    "wake": "run_due",
    "whoever": "whom it means",
}
"""Words that were given up wherever they stand in an identifier, and what is said instead."""

CLASSES = {
    "Cast": "People",
    "Crowd": "GeneratedPeople",
    "Dispatch": "CallbackScheduler",
    "Fired": "DueEvent",
    "Play": "StoryRun",
    "Sender": "CallbackSender",
    "StillNeeded": "ProtectedWorkspace",
    "Subject": "CallDetails",
    "Wanted": "TextRef",
}
"""Classes of the product whose names are good words for other things."""

FUNCTIONS = {
    "called": "callbacks_due",
    "enter_by_basic": "authenticate",
    "hide": "create_hidden",
    "know": "refresh",
    "leave": "delete_if_exists",
    "moved": "planned_statuses",
    "no_store": "store_unavailable",
    "number_of": "parse_message_id",
    "our_fault": "internal_error",
    "our_id": "message_id",
    "rest": "back_off",
    "same": "to_async",
    "take": "next_id, or what is taken",
    "turn": "move_clock",
    "under_way": "current_run",
    "wall": "list_threads",
}
"""Functions of the product whose names, with or without a leading underscore, are good words for other things."""

CONSTANTS = {
    "AT_ONCE": "BATCH_SIZE",
    "LET_REPLIES_STAND_ALONE": "MAKE_REPLIES_UNANSWERED",
}

MODULES = {
    "acting": "commands",
    "copies": "clones",
    "counting": "counter",
    "dispatch": "scheduler",
    "lazily": "on_demand_server",
    "remembering": "cache",
    "shown": "serializers",
}
"""Modules of the product whose names are good words for other things, or for which the noun is known."""

FIELDS = {
    "crowd": "a word of the fixtures, which partners write",
    "mend": "the wire keeps it",
    "seen": "the wire keeps it",
}
"""Words that a field of a class may be named by, and why."""

NOUNS = {
    "seed": "a noun",
    "string": "a noun",
}
"""Words that end like a participle or an adverb, may name a module, and why."""

EXCEPTIONS = {
    "GIVEN_UP": "the state of a callback, as the wire has it",
    "is_met": "a target is met, nobody is",
}
"""Identifiers that may be, and why."""

METHODS = {
    "shown": "a verb of the client, which the tests of partners call; the path ends so",
}
"""Words that a function may be named by, and why."""

WHOLE = {"class": CLASSES, "function": FUNCTIONS, "constant": CONSTANTS, "module": MODULES}
"""By the kind of an identifier."""
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
NOT_A_NOUN = re.compile(r"(ing|ed|ly)$")
DUNDER = re.compile(r"__\w+__$")


@dataclass(frozen=True, order=True)
class Problem:
    """One identifier that is not as it should be."""

    path: str
    line: int
    name: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name}: say {self.instead} instead"


@dataclass(frozen=True)
class Identifier:
    """A name that a file introduces. `kind`: module, class, function, parameter, field, attribute or constant."""

    kind: str
    name: str
    line: int


Function = ast.FunctionDef | ast.AsyncFunctionDef


def identifiers(tree: ast.Module, name: str) -> Iterator[Identifier]:
    """Those of a module of this name, in no order."""
    yield Identifier("module", name, 1)
    yield from assigned(tree.body, "constant")
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield Identifier("class", node.name, node.lineno)
            yield from assigned(node.body, "field")
        elif isinstance(node, Function):
            yield Identifier("function", node.name, node.lineno)
            yield from parameters(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield Identifier("attribute", node.attr, node.lineno)


def assigned(body: Sequence[ast.stmt], kind: str) -> Iterator[Identifier]:
    """The names that statements of a module or class give a value or a type."""
    for statement in body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield Identifier(kind, node.id, node.lineno)


def parameters(function: Function) -> Iterator[Identifier]:
    arguments = function.args
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    for argument in listed:
        if argument is not None:
            yield Identifier("parameter", argument.arg, argument.lineno)


def instead_of(identifier: Identifier, *, in_product: bool) -> str | None:
    """What to say for an identifier, if not this."""
    kind, name = identifier.kind, identifier.name
    if name in EXCEPTIONS or DUNDER.match(name) or (kind == "field" and name in FIELDS):
        return None
    if kind == "function" and (name in METHODS or name.startswith("test_")):
        return None
    found = WHOLE.get(kind, {}).get(name.lstrip("_")) if in_product else None
    return found or next((WORDS[part] for part in parts(name) if part in WORDS), None)


def parts(name: str) -> list[str]:
    """The words of an identifier: those of `_myHTTPName2` are my, http, name and 2."""
    return [part.lower() for part in PART.findall(name)]


def is_no_noun(module: str) -> bool:
    """Whether a module is named by an adverb or a participle, as far as its ending tells."""
    last = parts(module)[-1]
    return not module.startswith("test_") and last not in NOUNS and bool(NOT_A_NOUN.search(last))


def problems(root: Path) -> list[Problem]:
    """All of a tree, in the order of its files."""
    trees = {path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files(root)}
    found = {problem for path, tree in trees.items() for problem in in_file(path, tree)}
    return sorted(found | set(doubles(trees)))


def files(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in (root / folder).rglob("*.py"):
            if not path.relative_to(root).as_posix().startswith(NOT_OURS):
                yield path


def in_file(path: str, tree: ast.Module) -> Iterator[Problem]:
    """What is wrong with the names of one file."""
    for identifier in identifiers(tree, module_name(path)):
        instead = instead_of(identifier, in_product=path.startswith(PRODUCT))
        if instead is None and identifier.kind == "module" and is_no_noun(identifier.name):
            instead = "the noun of what it holds"
        if instead is not None:
            yield Problem(path, identifier.line, identifier.name, instead)


def module_name(path: str) -> str:
    """A package has the name of its folder."""
    file = Path(path)
    return file.parent.name if file.stem == "__init__" else file.stem


def doubles(trees: dict[str, ast.Module]) -> Iterator[Problem]:
    """Classes with a name that another one has, each after the first."""
    first: dict[str, str] = {}
    for path in sorted(trees):
        if not path.startswith(PRODUCT) or path.startswith(GENERATED):
            continue
        for node in ast.walk(trees[path]):
            if isinstance(node, ast.ClassDef):
                place = f"{path}:{node.lineno}"
                if first.setdefault(node.name, place) != place:
                    yield Problem(
                        path, node.lineno, node.name, f"what sets it apart from the one in {first[node.name]}"
                    )


def main(root: Path = ROOT, say: Callable[[object], None] = print) -> int:
    """Print the problems; the exit status."""
    found = problems(root)
    for problem in found:
        say(problem)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
