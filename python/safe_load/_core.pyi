"""The engine, as a type checker sees it. A test holds it against the module that was built."""

from typing import Any, Callable

__version__: str

# (module.name, form, attribute): the table of safe_load/record_class.h.
RECORD_CLASSES: tuple[tuple[str, str, str], ...]
USUAL_KEYS: tuple[str, ...]  # of safe_load/weights.h, as the next six
SURE_KEYS: int
TRAINING_WORDS: tuple[str, ...]
PREFIXES: tuple[tuple[str, bool], ...]
MOST_NAME_COST: int
NAME_COST: int
MOST_PART_COST: int
PLACEMENTS: tuple[tuple[str, str], ...]  # (class, kind): of safe_load/distributed_tensor.h
VALUE_KINDS: tuple[str, ...]  # to_text() of safe_load/value.h
KNOWN_NAMES: tuple[tuple[str, str], ...]  # (module, name): of safe_load/known_names.h

def printable(text: bytes) -> str: ...

class Limits:
    max_zip_entries: int
    max_inflated_bytes: int
    max_inflated_ratio: int
    max_pickle_bytes: int
    memory_base: int
    memory_per_byte: int
    work_per_byte: int
    max_dims: int
    max_key_depth: int
    max_levels: int
    max_copied_bytes: int
    max_copied_ratio: int
    def __init__(self) -> None: ...

class Checkpoint:
    @staticmethod
    def open_path(
        path: bytes,
        limits: Limits,
        mmap: bool | None,
        encoding: str,
        byte_order: str | None,
        verify: bool,
    ) -> Checkpoint: ...
    @staticmethod
    def open_descriptor(
        descriptor: int,
        start: int,
        limits: Limits,
        mmap: bool | None,
        encoding: str,
        byte_order: str | None,
        verify: bool,
    ) -> Checkpoint: ...
    @staticmethod
    def open_bytes(
        buffer: Any,
        limits: Limits,
        mmap: bool | None,
        encoding: str,
        byte_order: str | None,
        verify: bool,
    ) -> Checkpoint: ...
    @staticmethod
    def open_stream(
        stream: Any,
        size: int,
        limits: Limits,
        mmap: bool | None,
        encoding: str,
        byte_order: str | None,
        verify: bool,
    ) -> Checkpoint: ...
    def check_elements(self, value: int | None = None) -> list[dict[str, Any]]: ...
    def symbols(self) -> list[dict[str, Any]]: ...
    def has_unknown_symbols(self) -> bool: ...
    def issues(self) -> list[dict[str, Any]]: ...
    def tensor_names(self) -> list[tuple[str, str, int]]: ...
    def locations(self) -> set[str]: ...
    def container(self) -> dict[str, Any]: ...
    def end(self) -> int: ...
    def to_json(self, title: str) -> str: ...
    def build(self, makers: object, value: int | None = None) -> Any: ...

class Storage:
    @property
    def id(self) -> int: ...
    @property
    def location(self) -> str: ...
    @property
    def nbytes(self) -> int: ...
    def memory(self, unit: int) -> Memory: ...

class Memory:
    def __buffer__(self, flags: int, /) -> memoryview: ...

class TensorView:
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def strides(self) -> tuple[int, ...]: ...
    @property
    def nbytes(self) -> int: ...
    def tobytes(self) -> bytes: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __dlpack__(self, **kwargs: Any) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...
    def __repr__(self) -> str: ...

class NdArray:
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def strides(self) -> tuple[int, ...]: ...
    def tobytes(self) -> bytes: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __repr__(self) -> str: ...

def scan_rules() -> list[str]: ...
def scan_path(
    path: bytes, title: str, limits: Limits, strict: bool, deep: bool, max_findings: int
) -> str: ...
def scan_descriptor(
    descriptor: int, title: str, limits: Limits, strict: bool, deep: bool, max_findings: int
) -> str: ...
def scan_stream(
    stream: Any, size: int, title: str, limits: Limits, strict: bool, deep: bool, max_findings: int
) -> str: ...
def scan_bytes(
    content: bytes, title: str, limits: Limits, strict: bool, deep: bool, max_findings: int
) -> str: ...

class PlannedFile:
    tensors: int
    size: int
    aliases: list[tuple[str, str]]
    left_out: int
    left_out_bytes: int
    def write(self, path: bytes, overwrite: bool, progress: Callable[[int, int, str], None] | None) -> None: ...

def plan_safetensors(
    checkpoint: Checkpoint, keys: list[str], aliases: str
) -> tuple[PlannedFile | None, list[dict[str, Any]]]: ...
