"""Handle: a checkpoint that stays open."""

from __future__ import annotations

import threading
from typing import Any, Iterator

from . import _core, _later
from ._errors import counted
from ._make.makers import Makers
from ._refusal import refusal

_UNSET: Any = object()


class Handle:
    """An open checkpoint: tensors by dotted name, and the whole object, made when they are asked for.

    A context manager, and like a dict of its tensors: h["model.fc.weight"], items(), `in`, len(). What it gave stays
    valid after it was closed; any other use is then a ValueError. Thread-safe: one thread builds at a time.
    """

    def __init__(self, checkpoint: _core.Checkpoint, makers: Makers, title: str) -> None:
        self._checkpoint: _core.Checkpoint | None = checkpoint
        self._makers = makers
        self._title = title
        self._names: dict[str, int] | None = None
        self._root: Any = _UNSET
        self._building = threading.RLock()  # entered again where a map_location uses the handle

    def _open_checkpoint(self) -> _core.Checkpoint:
        if self._checkpoint is None:
            raise ValueError("the checkpoint is closed")
        return self._checkpoint

    def _numbers(self) -> dict[str, int]:
        checkpoint = self._open_checkpoint()
        if self._names is None:
            self._names = {}
            for name, path, number in checkpoint.tensor_names():
                if self._names.setdefault(name, number) != number:
                    self._names[path] = number
        return self._names

    def keys(self) -> list[str]:
        """The dotted names of all tensors, in file order. Of two with one name, the second is named by its path."""
        return list(self._numbers())

    def __contains__(self, name: object) -> bool:
        return name in self._numbers()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._numbers())

    def get_tensor(self, name: str) -> Any:
        """One tensor by its dotted name; a KeyError if there is none.

        Tensors that share a storage in the file share it here, whenever they are asked for.
        """
        numbers = self._numbers()
        if name not in numbers:
            raise KeyError(name)
        with self._building:
            return self._checked(numbers[name]).build(self._makers, numbers[name])

    def __getitem__(self, name: str) -> Any:
        return self.get_tensor(name)

    def items(self) -> Iterator[tuple[str, Any]]:
        """The dotted names with their tensors, in file order; each is made when it is reached."""
        return ((name, self.get_tensor(name)) for name in self.keys())

    def get_slice(self, name: str) -> Slice:
        """A tensor that is read only where it is indexed."""
        return Slice(self.get_tensor(name))

    @property
    def root(self) -> Any:
        """The saved object, built when first asked for. Unknown classes are inert records.

        Raises Error if it holds a value that cannot be built.
        """
        with self._building:
            self._open_checkpoint()
            if self._root is _UNSET:
                self._root = self._checked().build(self._makers)
            return self._root

    def _checked(self, number: int | None = None) -> _core.Checkpoint:
        """The checkpoint, whose elements below this value contradict nothing."""
        checkpoint = self._open_checkpoint()
        issues = checkpoint.check_elements(number)
        if issues:
            raise refusal(self._title, len(self._numbers()), [], issues)
        return checkpoint

    @property
    def metadata(self) -> dict[str, Any]:
        """What the container says about itself: format, version, byte_order, protocol, sizes in bytes."""
        return self._open_checkpoint().container()

    @property
    def issues(self) -> list[dict[str, Any]]:
        """The values that cannot be built, as dicts with code, message, member, offset, path and hint."""
        return self._open_checkpoint().issues()

    def close(self) -> None:
        """Lets go of the file. Further use is a ValueError."""
        self._checkpoint = None
        self._root = _UNSET

    def __repr__(self) -> str:
        if self._checkpoint is None:
            return f"<Handle of {self._title}: closed>"
        return f"<Handle of {self._title}: {self.metadata['format']}, {counted(len(self), 'tensor')}>"

    def _repr_html_(self) -> str:
        import html

        checkpoint = self._checkpoint
        return html.escape(repr(self)) if checkpoint is None else _later.Inspection.of(checkpoint, self._title)._repr_html_()

    def __enter__(self) -> Handle:
        self._open_checkpoint()
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class Slice:
    """A tensor before it is indexed, as safetensors' get_slice gives it: a mapped file is read where it is used."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def get_shape(self) -> list[int]:
        """The sizes, in elements."""
        return list(self._tensor.shape)

    def get_dtype(self) -> str:
        """The element type as torch names it, without "torch."."""
        return str(self._tensor.dtype).removeprefix("torch.")

    def __getitem__(self, index: Any) -> Any:
        return self._tensor[index]

    def __repr__(self) -> str:
        return f"<Slice of {self.get_dtype()} {self.get_shape()}>"


__all__ = ["Handle", "Slice"]
