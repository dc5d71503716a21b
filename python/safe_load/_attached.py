"""safe_load() with the other functions hanging on it, for `from safe_load import safe_load`."""

from __future__ import annotations

from typing import Any, Callable, Generic, ParamSpec, cast

from . import _inspect, _load, _save, _scan, _torch_load, _weights

_P = ParamSpec("_P")


class _Function(Generic[_P]):
    """What type checkers see: the function and its attributes."""

    open = staticmethod(_load.open)
    inspect = staticmethod(_inspect.inspect)
    as_torch_load = staticmethod(_torch_load.as_torch_load)
    save = staticmethod(_save.save)
    scan = staticmethod(_scan.scan)
    scan_many = staticmethod(_scan.scan_many)
    state_dict = staticmethod(_weights.state_dict)
    strip_prefix = staticmethod(_weights.strip_prefix)

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...


def _with_attributes(function: Callable[_P, Any]) -> _Function[_P]:
    vars(function).update(
        open=_load.open,
        inspect=_inspect.inspect,
        as_torch_load=_torch_load.as_torch_load,
        save=_save.save,
        scan=_scan.scan,
        scan_many=_scan.scan_many,
        state_dict=_weights.state_dict,
        strip_prefix=_weights.strip_prefix,
    )
    return cast("_Function[_P]", function)


safe_load = _with_attributes(_load.safe_load)

__all__ = ["safe_load"]
