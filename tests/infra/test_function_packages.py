"""Packages hold what a function needs, for its platform, under a name that changes only with the contents."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.functions import dependencies, function_packages
from infra.functions.function_packages import FunctionPackage
from tests import documents
from tests.infra.functions import FUNCTIONS, package
from tests.unit.chat_gateway.upstream_settings import UPSTREAM


def modules(package: FunctionPackage) -> set[str]:
    root = package.folder / "chat_gateway"
    return {str(path.relative_to(root)) for path in root.rglob("*.py")}


def test_a_package_holds_the_modules_its_handler_imports_and_no_others() -> None:
    assert {"http_api/handler.py", "bedrock/client.py"} <= modules(package("api"))
    assert not any(module.startswith(("jobs/", "clients/")) for module in modules(package("api")))
    assert {"jobs/worker.py", "jobs/lines.py", "bedrock/client.py"} <= modules(package("worker"))
    assert not any(module.startswith("http_api/") for module in modules(package("worker")))
    assert not any(
        module.startswith(("bedrock/", "completions/")) for module in modules(package("authorizer"))
    )
    assert {"http_api/http_request.py", "completions/routes.py"} <= modules(package("resources"))
    assert not any(
        module.startswith(("converse/", "jobs/", "http_api/handler"))
        for module in modules(package("resources"))
    )


def test_only_the_resources_functions_have_the_lists_and_the_event_handler() -> None:
    """The other packages have neither the lists of models nor the largest part of Powertools."""
    for name in FUNCTIONS:
        folder, is_resources = package(name).folder, name.endswith("resources")
        assert (folder / "openai_resources").exists() is is_resources
        assert (folder / "aws_lambda_powertools" / "event_handler").exists() is is_resources


def test_the_workers_child_process_runs_from_its_package() -> None:
    """The child processes that vet jobs and read their ids run with nothing but the worker's package."""
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from chat_gateway.jobs.vetting import custom_id
from chat_gateway.jobs.vetting.vetting import JobVetting, Vetted
from chat_gateway.jobs.lines import JobMessage
job = JobMessage(id="1", key="1", sender="", receipt_handle="", body="{}", receives=2, sent_at_s=0)
assert JobVetting(answer_within_s=30).vet([job], until=float("inf")) == Vetted()
assert custom_id.of('{"custom_id": "mine"}', within_s=30) == "mine"
"""
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", code, str(package("worker").folder)]
    subprocess.run(command, env=UPSTREAM, check=True)


def test_the_streaming_loop_goes_with_the_chat_function_and_can_be_started() -> None:
    streaming = package("api").folder / "response_streaming"
    assert (streaming / "__main__.py").exists()
    assert os.access(streaming / "start", os.X_OK)
    assert not (package("worker").folder / "response_streaming" / "__main__.py").exists()


def test_the_loops_project_files_are_not_shipped() -> None:
    """A package holds the library's modules and its start script, and nothing else of the library."""
    folder = package("api", for_this_machine=False).folder
    streaming = folder / "response_streaming"
    shipped = {path.relative_to(streaming) for path in streaming.rglob("*") if path.is_file()}
    assert {path.name for path in shipped if path.suffix not in (".py", ".pyc")} == {"start"}
    project = {path.name for path in (documents.ROOT / "response-streaming").iterdir()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"} <= project
    assert not project & {path.name for path in folder.iterdir()}


def test_what_lambda_brings_is_not_shipped() -> None:
    assert not list(package("worker").folder.glob("boto*"))
    assert not (package("authorizer").folder / "httpx").exists()
    for name in ("anyio", "certifi", "h11", "httpcore"):
        assert not list(package("api").folder.glob(f"{name}*"))


def test_lambdas_user_can_read_a_package(tmp_path: Path) -> None:
    """Files and folders have the same modes, whatever the modes of the checkout: 0644, or 0755 if they are executable."""
    module, script, folder = tmp_path / "module.py", tmp_path / "start", tmp_path / "built"
    for file, mode in ((module, 0o600), (script, 0o700)):
        file.touch()
        file.chmod(mode)
    earlier = os.umask(0o077)
    try:
        function_packages._assemble(folder, {Path("a/m.py"): module, Path("a/start"): script}, compiles=False)
    finally:
        os.umask(earlier)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert modes == {"a": 0o755, "m.py": 0o644, "start": 0o755}


def test_what_goes_to_lambda_is_the_same_for_every_processor() -> None:
    for name in FUNCTIONS.keys() - {"jwt-authorizer"}:
        folder = package(name, for_this_machine=False).folder
        assert list(folder.rglob("*.py"))
        assert not list(folder.rglob("*.so"))


def test_cryptography_is_shipped_for_lambdas_processor() -> None:
    """The authorizer for JWTs has native code, which pip takes from wheels for arm64: no Docker, no compiler."""
    libraries = list(package("jwt-authorizer", for_this_machine=False).folder.rglob("*.so"))
    assert libraries
    for library in libraries:
        assert library.read_bytes()[18:20] == b"\xb7\x00"  # EM_AARCH64, of an ELF file's e_machine


def test_what_finds_roles_goes_only_to_functions_that_need_it() -> None:
    """Without `client_auth`, no function has the code for signed requests or for JWTs."""
    for name in FUNCTIONS:
        folder = package(name).folder
        assert (folder / "chat_gateway" / "http_api" / "signed_requests.py").exists() is (
            name.startswith("signed-")
        )
        assert (folder / "jwt_clients").exists() is (name == "jwt-authorizer")
        assert (folder / "cryptography").exists() is (name == "jwt-authorizer")


# The magic number of CPython 3.13, and the flags of bytecode whose source is not looked at:
# https://github.com/python/cpython/blob/3.13/Include/internal/pycore_magic_number.h, https://peps.python.org/pep-0552/
_UNCHECKED_BYTECODE_OF_3_13 = (3571).to_bytes(2, "little") + b"\r\n" + (1).to_bytes(4, "little")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_module_has_bytecode_for_lambda(name: str) -> None:
    """Every Python module in a package for Lambda has bytecode of Lambda's Python version."""
    folder = package(name, for_this_machine=False).folder
    for source in folder.rglob("*.py"):
        bytecode = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        assert bytecode.read_bytes().startswith(_UNCHECKED_BYTECODE_OF_3_13), source


def test_the_bytecode_names_the_files_as_lambda_has_them() -> None:
    folder = package("api", for_this_machine=False).folder
    bytecode = folder / "chat_gateway" / "service" / "__pycache__" / "settings.cpython-313.pyc"
    assert b"/var/task/chat_gateway/service/settings.py" in bytecode.read_bytes()


def test_an_unchanged_package_keeps_its_name_and_is_not_built_again() -> None:
    first = package("api")
    made_at = first.folder.stat().st_mtime_ns
    again = package("api")
    assert again == first
    assert again.folder.stat().st_mtime_ns == made_at


def test_a_change_renames_the_packages_it_touches_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: package(name).content_hash for name in FUNCTIONS}
    sources, (original, streaming) = tmp_path / "lambda_src", function_packages.SOURCES
    subprocess.run(["cp", "-r", original, sources], check=True)
    changed = sources / "chat_gateway" / "jobs" / "lines.py"
    changed.write_text(changed.read_text() + "\n")
    monkeypatch.setattr(function_packages, "SOURCES", (sources, streaming))
    after = {name: package(name).content_hash for name in FUNCTIONS}
    assert {name for name in FUNCTIONS if before[name] != after[name]} == {"worker"}


def test_shipped_and_tested_versions_are_the_same() -> None:
    def pins(lock: str) -> set[str]:
        lines = (dependencies.REQUIREMENTS / f"{lock}.txt").read_text().splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}

    assert pins("upstream") <= pins("dev")
    assert pins("resources") <= pins("dev")
    assert pins("jwt") <= pins("dev")
    assert pins("authorizer") <= pins("jwt")
    assert pins("authorizer") <= pins("upstream") <= pins("resources")
