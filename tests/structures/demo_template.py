"""The structure template of the documentation, imported from where it lies."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "docs" / "templates" / "structure.py"
_spec = spec_from_file_location("structure_template", PATH)
template = sys.modules["structure_template"] = module_from_spec(_spec)
_spec.loader.exec_module(template)
