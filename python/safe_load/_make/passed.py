"""The classes and constructors that a caller passes, by the names under which files know them."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

Classes = Iterable[type] | Mapping[str, type] | None
Constructors = Mapping[str, Callable[..., Any]] | None


def classes_by_name(classes: Classes) -> dict[str, type]:
    """The classes by "module.Name": that of each class itself, or the one that a mapping says.

    Raises TypeError for what is no class, and ValueError for a name without a module.
    """
    if not classes and (classes is None or type(classes) is dict):
        return {}
    if isinstance(classes, (type, str)) or not isinstance(classes, Iterable):
        raise TypeError(f"classes takes a list of classes, such as [{_name_of(classes)}], not {_kind_of(classes)}")
    pairs = list(classes.items()) if isinstance(classes, Mapping) else [(full_name(cls), cls) for cls in classes]
    for name, cls in pairs:
        if not isinstance(cls, type):
            more = "; constructors= takes functions" if callable(cls) else ""
            raise TypeError(f"classes takes classes, not {_kind_of(cls)} ({_name_of(cls)}){more}")
        _check_name("classes", name, cls)
    return dict(pairs)


def is_built(cls: type) -> bool:
    """Whether objects of such a class are built at all: arrays of NumPy are not, whose own code would read the file."""
    return not any((base.__module__, base.__name__) == ("numpy", "ndarray") for base in cls.__mro__)


def checked_constructors(constructors: Constructors) -> dict[str, Callable[..., Any]]:
    """A copy. Raises as classes_by_name()."""
    if constructors is None:
        return {}
    if not isinstance(constructors, Mapping):
        raise TypeError(f'constructors takes a dict, such as {{"package.Class": make}}, not {_kind_of(constructors)}')
    for name, make in constructors.items():
        _check_name("constructors", name, make)
        if not callable(make):
            raise TypeError(f"the constructor of {name!r} is not callable")
    return dict(constructors)


def full_name(cls: Any) -> str:
    """The name that a pickle of an object of this class has for it."""
    return f"{getattr(cls, '__module__', '')}.{getattr(cls, '__qualname__', '')}"


def _check_name(argument: str, name: Any, value: Any) -> None:
    if not isinstance(name, str):
        own = full_name(name) if isinstance(name, type) else "package.Class"
        other = f", or pass classes=[{name.__name__}]" if isinstance(name, type) and name is value else ""
        wanted = f'a key is the name that the file has, such as "{own}"{other}'
        raise TypeError(f"{argument}: {wanted}; not {_kind_of(name)}")
    if not all(name.partition(".")):
        raise ValueError(f'{argument}: the name {name!r} lacks its module; "__main__.{name}" is that of a script')


def _name_of(value: Any) -> str:
    return str(getattr(value, "__name__", None) or repr(value)[:80])


def _kind_of(value: Any) -> str:
    return "a class" if isinstance(value, type) else f"a {type(value).__name__}"


__all__ = ["Classes", "Constructors", "checked_constructors", "classes_by_name", "full_name", "is_built"]
