"""The directions that imports may take, and what must never stand in the code. Read from the source, not run."""

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "tinylm").rglob("*.py"))
SERVER = sorted((ROOT / "server" / "tinylm_server").rglob("*.py"))
HEAVY = {"torch", "transformers", "datasets", "accelerate", "pyarrow", "pandas", "matplotlib"}
# The only places of the library that the training extra's packages may be imported from.
MAY_BE_HEAVY = (ROOT / "tinylm" / "training", ROOT / "tinylm" / "data")


def module_name(path: Path) -> str:
    base = ROOT / "server" if "tinylm_server" in path.parts else ROOT
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST) -> set[str]:
    """Return the full names of the modules that the nodes below import."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are written in full"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def top_level_imports(path: Path) -> set[str]:
    """Return what importing the file imports: everything but the bodies of functions and TYPE_CHECKING blocks."""
    tree = ast.parse(path.read_text("utf-8"))

    class Pruner(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:  # ast's own naming
            return None

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
            return None

        def visit_If(self, node: ast.If) -> ast.If | None:
            if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                return None
            return node

    return imports_of(Pruner().visit(tree))


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_library_knows_nothing_of_editors(path: Path) -> None:
    """`tinylm` imports neither the server nor LSP."""
    roots = {name.split(".")[0] for name in imports_of(ast.parse(path.read_text("utf-8")))}

    assert not roots & {"tinylm_server", "pygls", "lsprotocol"}


@pytest.mark.parametrize("path", SERVER, ids=module_name)
def test_server_imports_nothing_heavy(path: Path) -> None:
    """The server's processes run without torch, transformers and datasets, even inside functions."""
    roots = {name.split(".")[0] for name in imports_of(ast.parse(path.read_text("utf-8")))}

    assert not roots & HEAVY


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_heavy_packages_stay_in_training(path: Path) -> None:
    """Serving installs no torch, so only training, and reading of Parquet and Hub data, may import such packages."""
    roots = {name.split(".")[0] for name in imports_of(ast.parse(path.read_text("utf-8")))}

    assert not roots & HEAVY or any(path.is_relative_to(place) for place in MAY_BE_HEAVY)


def test_numba_is_imported_in_one_place() -> None:
    """It is an extra that takes a third of a second to load, so one module has it, which is loaded when that is due."""
    users = [path for path in LIBRARY + SERVER if "numba" in imports_of(ast.parse(path.read_text("utf-8")))]

    assert [module_name(path) for path in users] == ["tinylm.model.compiled_step"]
    importers = [
        module_name(path) for path in LIBRARY + SERVER if "tinylm.model.compiled_step" in top_level_imports(path)
    ]
    assert importers == []


@pytest.mark.parametrize("files", [LIBRARY, SERVER], ids=["tinylm", "tinylm_server"])
def test_imports_have_no_cycle(files: list[Path]) -> None:
    """Within a package imports run one way: the modules can be put in an order."""
    modules = {module_name(path): path for path in files}

    def neighbours(name: str) -> set[str]:
        found = {i for i in top_level_imports(modules[name]) if i in modules}
        # `from package import module` needs the module; that every import of it runs the package first is no choice.
        packages = {i.rpartition(".")[0] for i in found}
        return found - packages - {name}

    graph = {name: neighbours(name) for name in modules}

    order = list(graphlib.TopologicalSorter(graph).static_order())

    assert len(order) == len(modules)


def test_packages_import_downwards() -> None:
    """The order of the library's packages is the one that ARCHITECTURE.md gives, imports inside functions included."""
    lines = (ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines()
    order = next(line.removeprefix("Inside `tinylm`: ") for line in lines if line.startswith("Inside `tinylm`: "))
    layers = [re.findall(r"`(\w+)`", layer) for layer in order.split(" < ")]
    height = {package: number for number, layer in enumerate(layers) for package in layer}
    package_of = {path: [*module_name(path).split("."), ""][1] for path in LIBRARY}

    assert set(package_of.values()) - {"", "__main__"} == set(height)
    for path, package in package_of.items():
        if package in height:
            for name in imports_of(ast.parse(path.read_text("utf-8"))):
                imported = name.split(".")[1] if name.startswith("tinylm.") else package
                lower = height.get(imported, -1)
                assert imported == package or lower < height[package], f"{module_name(path)} imports {name}"


@pytest.mark.parametrize("module", ["tinylm", "tinylm.cli.app", "tinylm.model.language_model", "tinylm.errors"])
def test_import_loads_nothing_heavy(module: str) -> None:
    """Importing what serving needs loads none of the training extra's packages, and no network library."""
    program = f"import sys, {module}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)

    assert not set(loaded.stdout.split()) & (HEAVY | {"requests", "httpx", "huggingface_hub"})


@pytest.mark.parametrize("path", LIBRARY + SERVER, ids=module_name)
def test_nothing_is_unpickled(path: Path) -> None:
    """Models and checkpoints are data: no pickle, no torch.load, no code from a model directory, no shell."""
    text = path.read_text("utf-8")
    roots = {name.split(".")[0] for name in imports_of(ast.parse(text))}

    assert not roots & {"pickle", "cPickle", "dill", "joblib", "shelve"}
    for word in ("torch.load(", "trust_remote_code=True", "shell=True", "os.system("):
        assert word not in text, word
