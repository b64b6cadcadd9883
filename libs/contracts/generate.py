"""Generates from proto/ the Python messages in src/ and the web SDK's types of its WebSocket (`make proto`).

`--check` fails if what is committed differs.
"""

import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

from typescript_types import typescript_types

HERE = Path(__file__).parent
PROTO = HERE.parents[1] / "proto"
TARGET = HERE / "src"
TYPESCRIPT = HERE.parent / "web-sdk/src/signaling/messages.ts"


def generate(target: Path) -> None:
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    plugin = Path(sys.executable).parent / "protoc-gen-mypy"
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"--plugin=protoc-gen-mypy={plugin}",
        f"--python_out={target}", f"--mypy_out=quiet:{target}", *files,
    ]  # fmt: skip
    subprocess.run(command, check=True)  # noqa: S603
    for folder in {path.parent for path in (target / "salon").rglob("*_pb2.py")}:
        (folder / "__init__.py").touch()


def main() -> int:
    if sys.argv[1:] != ["--check"]:
        generate(TARGET)
        TYPESCRIPT.write_text(typescript_types(PROTO))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        fresh = {path.relative_to(scratch): path for path in Path(scratch).rglob("*.py*")}
        kept = {
            path.relative_to(TARGET) for path in (TARGET / "salon").rglob("*.py*") if "__pycache__" not in path.parts
        }
        stale = [
            name for name in fresh if name not in kept or not filecmp.cmp(fresh[name], TARGET / name, shallow=False)
        ]
        stale += [name for name in kept if name not in fresh]
    if TYPESCRIPT.read_text() != typescript_types(PROTO):
        stale.append(TYPESCRIPT.relative_to(HERE.parents[1]))
    for name in stale:
        print(f"generated code is stale: {name} (run `make proto`)", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
