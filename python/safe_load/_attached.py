"""safe_load() with the other functions hanging on it, for `from safe_load import safe_load`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from . import _convert, _fix, _inspecting, _load, _save, _scanning, _torch_load, _weights

if TYPE_CHECKING:
    from ._core import Limits
    from ._make.passed import Classes, Constructors
    from ._source import Source

    class _SafeLoad:
        """Loads a PyTorch checkpoint and runs nothing that is in it: a drop-in for torch.load.

        safe_load(path) gives what torch.load would; see safe_load() in safe_load/_load.py for every argument.
        """

        # Editors show a signature that stands here, and none that is taken from elsewhere. A test holds it to that.
        def __call__(
            self,
            f: Source,
            map_location: Any = None,
            pickle_module: Any = None,
            *,
            device: Any = None,
            weights_only: bool | None = True,
            mmap: bool | None = None,
            unknown: _load.Unknown | None = None,
            classes: Classes = None,
            encoding: str = "utf-8",
            framework: _load.Framework | None = None,
            constructors: Constructors = None,
            progress: bool | Callable[[int, int, str], None] | None = None,
            limits: Limits | None = None,
            verify: bool = False,
            byteorder: str | None = None,
        ) -> Any:
            """Loads a PyTorch checkpoint and runs nothing that is in it: a drop-in for torch.load."""

        load = staticmethod(_load.safe_load)
        load_all = staticmethod(_load.load_all)
        open = staticmethod(_load.open)
        inspect = staticmethod(_inspecting.inspect)
        as_torch_load = staticmethod(_torch_load.as_torch_load)
        convert = staticmethod(_convert.convert)
        fix = staticmethod(_fix.fix)
        save = staticmethod(_save.save)
        scan = staticmethod(_scanning.scan)
        scan_many = staticmethod(_scanning.scan_many)
        state_dict = staticmethod(_weights.state_dict)
        strip_prefix = staticmethod(_weights.strip_prefix)

    safe_load = _SafeLoad()
else:
    safe_load = _load.safe_load
    vars(safe_load).update(
        load=_load.safe_load,
        load_all=_load.load_all,
        open=_load.open,
        inspect=_inspecting.inspect,
        as_torch_load=_torch_load.as_torch_load,
        convert=_convert.convert,
        fix=_fix.fix,
        save=_save.save,
        scan=_scanning.scan,
        scan_many=_scanning.scan_many,
        state_dict=_weights.state_dict,
        strip_prefix=_weights.strip_prefix,
    )

__all__ = ["safe_load"]
