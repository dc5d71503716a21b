"""The one error of a file whose values cannot all be built: what it holds, and what to type."""

from __future__ import annotations

import re
from typing import Any, Mapping, Sequence

from ._errors import Error, UnknownGlobal, class_text, counted, printable

_SHOWN = 12  # rows of a message; all of them are in the attributes
_SUGGESTED = 4  # classes in what to type
_DOTTED = re.compile(r"\w+(\.\w+)+")  # what may stand in a line to copy
_INSIDE = '._modules["'
_TORCH_NN = re.compile(r"torch\.nn\.modules\.[a-z_.]*\.(\w+)")


def _row(known: UnknownGlobal, width: int) -> str:
    place = f"at {known.path}" if known.path else "not part of the result"
    return f"  {known.name.ljust(width)}  {known.count}x  {place}"


def danger_text(title: str, unknown: Sequence[UnknownGlobal]) -> str:
    """Which names are dangerous, what they do, and what to do with the file."""
    lines = [f"safe_load: {title} is dangerous: whoever unpickles it runs code"]
    dangers = [row for row in unknown if row.danger]
    for row in dangers[:_SHOWN]:
        place = f", at {row.path}" if row.path else ""
        lines.append(f"  {row.name} is called{place}: {row.danger[0].lower()}{row.danger[1:]}")
    if len(dangers) > _SHOWN:
        lines.append(f"  ... and {len(dangers) - _SHOWN} more")
    lines.append("Nothing was run. Delete the file, and get what it should hold from somewhere you trust.")
    return "\n".join(lines)


def _module_of(unknown: Sequence[UnknownGlobal]) -> str | None:
    """The object path of a module of torch.nn, which is told by what stands in it; None if there is none."""
    called = [row for row in unknown if row.called and row.path]
    around = [row.path.partition(_INSIDE)[0] for row in called if _INSIDE in row.path]
    alone = [row.path for row in called if _TORCH_NN.fullmatch(row.name)]
    return next(iter(around + alone), None)


def _module_lines(title: str, tensor_count: int, unknown: Sequence[UnknownGlobal], source: str) -> list[str]:
    names = [class_text(row.name) for row in unknown if row.called]
    place = _module_of(unknown)
    at = "" if place == "$" else f" at {place}"
    noun = "class" if len(names) == 1 else "classes"
    others = [class_text(row.name) for row in unknown if not row.called]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    written = [_TORCH_NN.sub(r"torch.nn.\1", name) for name in names if _DOTTED.fullmatch(name)][:_SUGGESTED]
    written = [name.removeprefix("__main__.") for name in written] + ["..."] * (len(names) > len(written))
    lines = [
        f"safe_load: {title} holds a whole torch.nn model of {len(names)} {noun}{at}; "
        f"{counted(tensor_count, 'tensor')} and all plain values are readable",
        f"  its weights:         safe_load.state_dict({source})",
        f"  the model itself:    safe_load({source}, classes=[{', '.join(written)}])",
        f'  as inert records:    safe_load({source}, unknown="opaque")',
        f"Nothing was imported or run. The {noun}: {shown}; all are in the attribute globals.",
    ]
    if others:
        more = ", ".join(others[:_SHOWN]) + (", ..." if len(others) > _SHOWN else "")
        lines.append(f'Named, and not called: {more}; with classes= and unknown="opaque" they are inert.')
    return lines


def _renamed(unknown: Sequence[UnknownGlobal], passed: Mapping[str, type]) -> list[str]:
    """What to type where a class was passed that the file may have under another name."""
    own = {cls.__name__: (name, cls) for name, cls in passed.items()}
    pairs = [(class_text(row.name), *own[last]) for row in unknown if (last := row.name.rpartition(".")[2]) in own]
    lines: list[str] = []
    for name, own_name, cls in pairs[:_SUGGESTED]:
        if name == own_name:
            lines.append(f"{name} is a subclass of numpy.ndarray, which classes= does not build")
        else:
            lines.append(
                f"classes has {printable(own_name)}, and the file has {name}: "
                f'if it is that class, pass classes={{"{name}": {cls.__name__}}}'
            )
    return lines


def refusal(
    title: str,
    tensor_count: int,
    unknown: Sequence[UnknownGlobal],
    issues: Sequence[dict[str, Any]],
    source: str = "f",
    passed: Mapping[str, type] = {},
) -> Error:
    """One error with all unknown names and all bad values.

    source: how the caller would write the file. passed: his classes.
    """
    lines: list[str] = []
    dangers = [row for row in unknown if row.danger]
    if dangers:
        lines.append(danger_text(title, dangers))
        unknown = dangers
    elif unknown and _module_of(unknown) is not None:
        lines += _module_lines(title, tensor_count, unknown, source)
        lines += _renamed(unknown, passed)
    elif unknown:
        noun = "class or function" if len(unknown) == 1 else "classes or functions"
        lines.append(
            f"safe_load: {title} holds {len(unknown)} unknown {noun}; "
            f"{counted(tensor_count, 'tensor')} and all plain values are readable"
        )
        width = min(60, max(len(row.name) for row in unknown[:_SHOWN]))
        lines += [_row(row, width) for row in unknown[:_SHOWN]]
        if len(unknown) > _SHOWN:
            lines.append(f"  ... and {len(unknown) - _SHOWN} more in the attribute globals")
        lines.append('Nothing was imported or run. Pass unknown="opaque" to get them as inert records.')
        lines += _renamed(unknown, passed)
    if issues and not dangers:
        noun = "value" if len(issues) == 1 else "values"
        is_damage = any(issue["code"] != "unsupported" for issue in issues)
        what = f"damaged {noun}" if is_damage else f"{noun} that cannot be read"
        lines.append(f"safe_load: {title} has {len(issues)} {what}")
        lines += [f"  {issue['text']}" for issue in issues[:_SHOWN]]
        if len(issues) > _SHOWN:
            lines.append(f"  ... and {len(issues) - _SHOWN} more in the attribute issues")
        lines.append(f"safe_load.open() reaches the rest, {counted(tensor_count, 'tensor')} in it.")
    first: Mapping[str, Any] = (
        issues[0] if issues else {"code": "unknown", "member": "", "offset": unknown[0].offset}
    )
    hint = "open it with safe_load.open()" if issues else 'pass unknown="opaque"'
    return Error(
        "\n".join(lines),
        code="danger" if dangers else first["code"],
        member=first["member"],
        offset=first["offset"],
        hint="delete the file" if dangers else hint,
        globals=unknown,
        issues=issues,
    )


__all__ = ["danger_text", "refusal"]
