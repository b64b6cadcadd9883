"""Every regular expression that may be shown a stranger's text takes time in proportion to it, by construction.

Found in the source, so that one which is added tomorrow is looked at too.
"""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import google.protobuf.json_format
import pytest
import salon_contracts
import salon_kit
import salon_media
import salon_room
import salon_token
import uvicorn.protocols.http.httptools_impl
import websockets.headers
import websockets.http11
from salon_room.http import whip
from starlette.routing import compile_path

from .backtracking import problem

PACKAGES = [salon_room, salon_token, salon_contracts, salon_kit, salon_media]
OTHERS = [
    google.protobuf.json_format,
    uvicorn.protocols.http.httptools_impl,
    websockets.headers,
    websockets.http11,
]
"""Modules of the libraries that read requests and frames."""
ANCHORED = {"match", "fullmatch"}
FUNCTIONS = {*ANCHORED, "search", "sub", "subn", "split", "findall", "finditer"}


@dataclass(frozen=True, slots=True)
class Found:
    where: str
    pattern: str | bytes
    flags: int
    anchored: bool

    def __str__(self) -> str:
        return self.where


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                yield module.name
    for other in OTHERS:
        yield other.__name__


def found_in(name: str) -> Iterator[Found]:
    module = importlib.import_module(name)
    tree = ast.parse(Path(str(module.__file__)).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    searched = {
        node.func.value.id
        for node in calls
        if isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.attr in FUNCTIONS - ANCHORED
    }
    names = {
        id(node.value): node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in calls:
        assert isinstance(node.func, ast.Attribute)
        method, owner = node.func.attr, node.func.value
        if not (isinstance(owner, ast.Name) and owner.id == "re" and method in {"compile", *FUNCTIONS}):
            continue
        flags = next((keyword.value for keyword in node.keywords if keyword.arg == "flags"), None)
        if method == "compile" and len(node.args) > 1:
            flags = node.args[1]
        yield Found(
            where=f"{name}:{node.lineno}",
            pattern=constant(node.args[0], module),
            flags=0 if flags is None else int(constant(flags, module)),
            anchored=method in ANCHORED or (method == "compile" and names.get(id(node)) not in searched),
        )


def constant(node: ast.expr, module: ModuleType) -> Any:
    """A pattern may be put together from constants of its module, and from nothing else."""
    return eval(compile(ast.Expression(node), str(module.__file__), "eval"), dict(vars(module)))  # noqa: S307


PATTERNS = [found for name in modules() for found in found_in(name)]


@pytest.mark.parametrize("found", PATTERNS, ids=str)
def test_a_pattern_takes_time_in_proportion_to_the_text(found: Found) -> None:
    assert problem(found.pattern, found.flags, anchored=found.anchored) is None


@pytest.mark.parametrize("path", [whip.WHIP_RESOURCE, whip.WHEP_RESOURCE, "/sdk/{name}", "/{name}"])
def test_a_path_is_matched_in_proportion_to_its_length(path: str) -> None:
    pattern, _, _ = compile_path(path)
    assert problem(pattern.pattern, pattern.flags, anchored=True) is None


def test_the_patterns_are_found() -> None:
    where = {found.where.partition(":")[0] for found in PATTERNS}
    assert {"salon_contracts.ids", "salon_contracts.subjects", "salon_kit.trace", "websockets.http11"} <= where


@pytest.mark.parametrize(
    ("pattern", "anchored"),
    [
        (r'"(?:[^"\\]|\\.)*"', False),
        (r"(?:^|;) *apt *= *(\d{1,3}) *(?:;|$)", False),
        (r"(a+)+b", True),
        (r"(?:ab|[a-z]d)*c", True),
        (r"\d{1,3} +(.+)", True),
        (r"[a-z]*[a-m]*-", True),
        (r"a?a?a?b", True),
        (r"x*y", False),
        (r"(?:x*y)*", False),
        (r"(?=a*b)c", True),
        (r"(?i)k*K*x", True),
        (r"(?:\d|\w-)*-", True),
        (r"(?:a?b?)*c", True),
        (rb"(?:.*,)*;", True),
    ],
)
def test_what_can_take_longer_is_refused(pattern: str | bytes, anchored: bool) -> None:
    assert problem(pattern, 0, anchored=anchored) is not None


@pytest.mark.parametrize(
    ("pattern", "anchored"),
    [
        (r"[a-z]+(?:-[a-z]+)*", True),
        (r"(?:[A-Za-z0-9_-]|=[0-9A-F]{2})+", True),
        (r"\d{1,3}[^\d][!-~]{1,256}", True),
        (r"(?:;| )x[0-9]{1,4}", False),
        (r"[^a]+", False),
    ],
)
def test_what_cannot_is_not(pattern: str, anchored: bool) -> None:
    assert problem(pattern, 0, anchored=anchored) is None
