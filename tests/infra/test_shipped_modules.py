"""No path of a function imports a module that its package lacks."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import TypeGuard

import pytest

from benchmarks import managed_runtime
from benchmarks.managed_runtime import ManagedRuntime
from infra.functions import dependencies, function_packages
from infra.functions.import_closure import Module
from infra.functions.module_imports import imported_names
from tests.infra.everything import SETTINGS, everything
from tests.infra.functions import FUNCTIONS, package, streams

# Packages that are not among the locked dependencies. The dependencies go on without them.
_NOT_INSTALLED = {"h2", "pydantic", "socksio", "trio"}
# The same, and modules for asynchronous code.
_NOT_IMPORTABLE = _NOT_INSTALLED | {"anyio"}
# Where a shipped dependency imports a module by a name that it computes, and what it can be.
_BY_NAME = {
    # Powertools' tracer loads aws_xray_sdk, which no function has.
    ("aws_lambda_powertools/shared/lazy_import.py", "import_module"),
    # Its merge of OpenAPI documents loads the files that it is given. No function calls it.
    ("aws_lambda_powertools/event_handler/openapi/merge.py", "exec_module"),
    # cffi builds and loads modules with a C compiler. cryptography's are built.
    ("cffi/verifier.py", "__import__"),
    ("cffi/verifier.py", "load_module"),
}
# The distributions with native code and those that they require, which are shipped whole.
_NATIVE = {"cffi", "cryptography", "pycparser"}
_IMPORTERS = {"__import__", "import_module", "load_module", "exec_module", "LazyLoader", "walk_packages"}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> ManagedRuntime:
    """A Python with only what Lambda brings."""
    return managed_runtime.make(tmp_path_factory.mktemp("lambda"))


def run(runtime: ManagedRuntime, name: str, code: str) -> str:
    """What `code` prints in a process that has the function's package, the standard library and boto3."""
    path = [str(package(name).folder), str(runtime.folder)]
    start = f"import sys; sys.dont_write_bytecode = True; sys.path[:0] = {path!r}\n"
    command = [str(runtime.python), "-I", "-c", start + code]
    env = {"AWS_DEFAULT_REGION": "eu-central-1", "POWERTOOLS_SERVICE_NAME": "tested"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules(folder: Path) -> dict[str, Path]:
    """The modules in the folder, by name."""
    return {dependencies.module_name(file.relative_to(folder)): file for file in sorted(folder.rglob("*.py"))}


def test_all_deployed_functions_are_checked() -> None:
    """Each handler of each kind of environment is one of the functions that these tests check."""
    stacks = (everything(client_auth) for client_auth in SETTINGS)
    deployed = {
        function["Handler"]
        for stack in stacks
        for function in stack.resources("AWS::Lambda::Function").values()
        if str(function["Handler"]).endswith(".handle")
    }
    assert deployed == {f"{function.module}.handle" for function in FUNCTIONS.values()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_imports_with_nothing_but_what_lambda_brings(runtime: ManagedRuntime, name: str) -> None:
    """A function starts in a Python without packages, with its own package and boto3."""
    run(runtime, name, f"import warnings; warnings.simplefilter('error'); import {FUNCTIONS[name].module}")


_GRAPH = """
import json, sys
import grimp
folders, packages = json.loads(sys.argv[1])
sys.path[:0] = folders
graph = grimp.build_graph(*packages, exclude_type_checking_imports=True, cache_dir=None)
print(json.dumps({name: sorted(graph.find_modules_directly_imported_by(name)) for name in graph.modules}))
"""


@cache
def grimps_imports(requirements: str) -> dict[str, list[str]]:
    """What each module imports, of our modules and of the dependencies', as the library grimp reads it."""
    folders = [*function_packages.SOURCES, dependencies.install(requirements, for_this_machine=True)]
    tops = sorted({init.parent.name for folder in folders for init in folder.glob("*/__init__.py")})
    argument = json.dumps([[str(folder) for folder in folders], tops])
    command = [sys.executable, "-I", "-c", _GRAPH, argument]
    graph: dict[str, list[str]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return graph


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_package_is_the_closure_of_the_handlers_imports(name: str) -> None:
    """A second analysis, by grimp, finds the same modules."""
    graph = grimps_imports(FUNCTIONS[name].requirements)
    shipped = modules(package(name).folder)
    native = {module for module in shipped if module.partition(".")[0] in _NATIVE}
    waiting = [FUNCTIONS[name].module, *(["response_streaming.__main__"] if streams(name) else []), *native]
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in found and module in graph:
            found.add(module)
            waiting += [module.rpartition(".")[0], *(i for i in graph[module] if not is_cut(module, i))]
    of_packages = {module for module in shipped if module in graph}
    assert found & shipped.keys() == found - namespaces(found, shipped)
    assert of_packages == found & shipped.keys()


def namespaces(found: set[str], shipped: dict[str, Path]) -> set[str]:
    """Packages without an `__init__.py`, of which nothing can be shipped."""
    return {name for name in found if any(other.startswith(f"{name}.") for other in shipped)} - shipped.keys()


def is_cut(module: str, imported: str) -> bool:
    return any(
        module == importer and f"{imported}.".startswith(f"{cut}.")
        for importer, cut in dependencies.NOT_FOLLOWED
    )


_IMPORT_ALL = """
import importlib, json
def lacks(name):
    try:
        importlib.import_module(name)
    except ImportError as error:
        return error.name
print(json.dumps({name: lacks(name) for name in json.loads(%r)}))
"""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_shipped_module_can_be_imported(runtime: ManagedRuntime, name: str) -> None:
    """Each module imports with its package, the standard library and boto3, or lacks a package that we never install."""
    ours = {top.name for source in function_packages.SOURCES for top in source.iterdir()}
    # Entry points, which need the function's variables or start the loop.
    started = {FUNCTIONS[name].module, "response_streaming.__main__"}
    imported = [module for module in modules(package(name).folder) if module not in started]
    lacks = json.loads(run(runtime, name, _IMPORT_ALL % json.dumps(imported)))
    missing = {module: what for module, what in lacks.items() if what is not None}
    assert {what.partition(".")[0] for what in missing.values()} <= _NOT_IMPORTABLE, missing
    assert not {module for module in missing if module.partition(".")[0] in ours}


def calls(file: Path) -> Iterator[str]:
    """The names of the functions that are called in the file."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_shipped_dependency_imports_by_an_unknown_name(name: str) -> None:
    """An import that no analysis sees is on the list of those that were looked at."""
    folder = package(name).folder
    ours = {top.name for source in function_packages.SOURCES for top in source.iterdir()}
    files = [file for file in modules(folder).values() if file.relative_to(folder).parts[0] not in ours]
    found = {
        (str(file.relative_to(folder)), call)
        for file in files
        for call in calls(file)
        if call in _IMPORTERS - {"LazyLoader"}
    }
    assert found <= _BY_NAME
    loaded = [(file.name, call) for file in files for call in calls(file) if call == "LazyLoader"]
    assert loaded == [("tracer.py", "LazyLoader")]


def test_imports_that_are_not_followed_exist() -> None:
    """An import that a dependency no longer has is not on the list."""
    folder = dependencies.install("resources", for_this_machine=True)
    for importer, imported in dependencies.NOT_FOLLOWED:
        file = next(file for name, file in modules(folder).items() if name == importer)
        module = Module(file.relative_to(folder), folder)
        names = imported_names(file.read_bytes(), importer, is_package=module.is_package)
        assert any(f"{name}.".startswith(f"{imported}.") for name in names), (importer, imported)


# httpx's functions and classes that send by its own transport, which most packages lack.
_SENDERS = {
    "AsyncClient",
    "AsyncHTTPTransport",
    "HTTPTransport",
    "create_ssl_context",
    "delete",
    "get",
    "head",
}
_SENDERS |= {"options", "patch", "post", "put", "request", "stream"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_httpx_sends_only_by_given_transports_where_its_own_is_missing(name: str) -> None:
    """A package without httpcore uses no part of httpx that needs it: a client gets a transport."""
    folder = package(name).folder
    if (folder / "httpcore").exists():
        assert name == "proof"
        return
    for source in function_packages.SOURCES:
        for place in (file.relative_to(source) for file in source.rglob("*.py")):
            if (folder / place).exists():
                assert not list(sent_by_httpx(folder / place)), place


def is_client(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "httpx.Client"


def sent_by_httpx(file: Path) -> Iterator[str]:
    """The uses of httpx in the file that need its own transport."""
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and getattr(node.value, "id", "") == "httpx"
            and node.attr in _SENDERS
        ):
            yield node.attr
        if is_client(node) and "transport" not in {keyword.arg for keyword in node.keywords}:
            yield "Client"
        if isinstance(node, ast.ImportFrom) and node.module == "httpx":
            yield from (alias.name for alias in node.names if alias.name in {*_SENDERS, "Client"})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_shipped_distribution_has_its_licence_and_its_version(name: str) -> None:
    """A dependency comes with its licence, and with the metadata by which scanners know its version."""
    folder = package(name).folder
    installed = dependencies.install(FUNCTIONS[name].requirements, for_this_machine=True)
    for distribution in distributions(path=[str(installed)]):
        files = [Path(file) for file in distribution.files or ()]
        code = [file for file in files if (folder / file).is_file() and file.suffix in (".py", ".so")]
        metadata = [file for file in files if file.parts[0].endswith(".dist-info")]
        shipped = {file.name for file in metadata if (folder / file).is_file()}
        if not code:
            assert not shipped
            continue
        licences = {file.name for file in metadata if "LICEN" in file.name.upper()}
        assert {"METADATA", *licences} <= shipped
        assert "RECORD" not in shipped


def test_the_proof_can_check_certificates(runtime: ManagedRuntime) -> None:
    """httpx's own transport finds its root certificates in the package: a data file beside a module."""
    code = "import certifi, httpx; httpx.Client(trust_env=False); print(certifi.where())"
    assert Path(run(runtime, "proof", code).strip()).is_relative_to(package("proof").folder)


_SIGN = """
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import PyJWK, PyJWT, algorithms
for key, algorithm, kind in (
    (rsa.generate_private_key(65537, 2048), "RS256", algorithms.RSAAlgorithm),
    (ec.generate_private_key(ec.SECP256R1()), "ES256", algorithms.ECAlgorithm),
):
    token = PyJWT().encode({"sub": "me"}, key, algorithm)
    public = PyJWK({**kind.to_jwk(key.public_key(), as_dict=True), "alg": algorithm})
    assert PyJWT().decode(token, public, algorithms=[algorithm]) == {"sub": "me"}
"""


def test_native_code_finds_what_it_imports(runtime: ManagedRuntime) -> None:
    """The authorizer's package for JWTs checks signatures. Its native code imports modules that no analysis sees."""
    run(runtime, "jwt-authorizer", _SIGN)


# Measured, and a tenth.
_ZIPPED_KB = {"api": 1_600, "worker": 1_600, "authorizer": 510, "resources": 1_500, "proof": 1_350}


@pytest.mark.parametrize("name", _ZIPPED_KB)
def test_packages_stay_small(name: str, tmp_path: Path) -> None:
    """A package for Lambda is at most this large when it is zipped."""
    folder = package(name, for_this_machine=False).folder
    archive = zipped(folder, tmp_path)
    assert archive.stat().st_size <= _ZIPPED_KB[name] * 1000


def zipped(folder: Path, where: Path) -> Path:
    return Path(shutil.make_archive(str(where / "package"), "zip", folder))
