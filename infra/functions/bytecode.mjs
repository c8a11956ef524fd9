// Compiles a folder's Python files in place for Lambda's Python. Pyodide is CPython 3.13 that runs wherever Node runs.
//   node infra/functions/bytecode.mjs FOLDER VERSION
import { loadPyodide } from "pyodide";

const [folder, version] = process.argv.slice(2);
const python = await loadPyodide();
python.mountNodeFS("/var/task", folder); // the path that tracebacks show
python.globals.set("wanted", version);
python.runPython(`
import compileall, py_compile, sys

found = f"{sys.version_info.major}.{sys.version_info.minor}"
if found != wanted:
    raise SystemExit(f"pyodide is Python {found}, but Lambda runs {wanted}")
# Unchecked, because the upload changes the files' times, and the files are not edited on Lambda.
unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
if not compileall.compile_dir("/var/task", quiet=1, invalidation_mode=unchecked):
    raise SystemExit("a file could not be compiled")
`);
