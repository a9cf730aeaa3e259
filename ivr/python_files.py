"""The Python steps of an installation: the functions in the files of its folder `steps`.

They are read once in a process, when flows are first looked at. Whatever is wrong in them is told
like faults of flows, all at once; nothing of them runs before that.
"""

from __future__ import annotations

import importlib.util
import stat
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

from ivr.faults import BadFlow
from ivr.python_steps import BadRegistration, PythonFunction, registration
from ivr.settings import Settings


def python_functions(settings: Settings) -> Mapping[str, PythonFunction]:
    """By name; raises `BadFlow` with every fault."""
    if not settings.site.steps:
        return {}
    return functions_in((settings.data / settings.site.steps).resolve())


@cache
def functions_in(folder: Path) -> Mapping[str, PythonFunction]:
    """Those of every `*.py` in this folder. Raises `BadFlow`."""
    if not folder.is_dir():
        raise BadFlow([f"site.yaml: steps: there is no folder {folder}"])
    found: dict[str, PythonFunction] = {}
    from_file: dict[str, Path] = {}
    faults: list[str] = []
    for file in sorted(folder.glob("*.py")):
        try:
            functions = _registered(_module(file))
        except BadFlow as bad:
            faults += bad.faults
            continue
        for function in functions:
            if function.name in found:
                faults.append(f"{file}: {function.name} is in {from_file[function.name]} already")
            found[function.name], from_file[function.name] = function, file
    if faults:
        raise BadFlow(faults)
    return found


def _registered(module: ModuleType) -> list[PythonFunction]:
    """Those that the file itself has, in its order."""
    made = [registration(thing) for thing in vars(module).values()]
    own = [each for each in made if each and each.function.__module__ == module.__name__]
    return list({id(each): each for each in own}.values())


def _module(file: Path) -> ModuleType:
    """The file, executed. Whatever it raises becomes a fault with its line."""
    if file.stat().st_mode & stat.S_IWOTH:
        raise BadFlow([f"{file}: everybody may write it; take that away: chmod o-w {file.name}"])
    name = f"hotline_steps_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BadFlow([f"{file}: is no Python file that can be read"])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as fault:
        del sys.modules[name]
        raise BadFlow([_told(file, fault)]) from fault
    return module


def _told(file: Path, fault: BaseException) -> str:
    line = fault.lineno if isinstance(fault, SyntaxError) else None
    for frame in traceback.extract_tb(fault.__traceback__):
        if line is None and frame.filename == str(file):
            line = frame.lineno
    why = str(fault) if isinstance(fault, BadRegistration) else f"{type(fault).__name__}: {fault}"
    return f"{file}:{line or 1}: {why}"
