"""Sources of a module `function` whose `handler` cannot be loaded."""

from __future__ import annotations

# The error type that Lambda gets, and a part of its message.
FAILING_MODULES = {
    "import missing_module": ("Runtime.ImportModuleError", "Unable to import module 'function'"),
    "def": ("Runtime.UserCodeSyntaxError", "Syntax error in module 'function'"),
    "": ("Runtime.HandlerNotFound", "Handler 'handler' missing on module 'function'"),
    "handler = 1": ("Runtime.HandlerNotFound", "is not callable"),
    "raise ValueError('setting X')": ("ValueError", "setting X"),
    "raise SystemExit('no')": ("SystemExit", "no"),
    "raise KeyboardInterrupt": ("KeyboardInterrupt", ""),
}
