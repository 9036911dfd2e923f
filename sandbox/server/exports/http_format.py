"""How is a request written in a file that editors send, `.http`: VS Code's REST Client, JetBrains' HTTP Client?"""

from collections.abc import Iterable

MEDIA_TYPE = "text/plain; charset=utf-8"


def definition_of(name: str, value: str) -> str:
    """Return the line that gives a variable its value."""
    return f"@{name} = {value}\n" if value else f"@{name} =\n"


def reference_to(name: str) -> str:
    """Return what stands where a variable's value belongs."""
    return f"{{{{{name}}}}}"


def comment_of(text: str) -> str:
    """Return a text as one line: nothing in it becomes a request of the file."""
    return f"# {' '.join(text.split())}"


def request_of(
    title: str, notes: Iterable[str], request_line: str, headers: Iterable[tuple[str, str]], body: str
) -> str:
    """Return a request with its title, and what is said of it in comments. `body`: empty if it has none."""
    lines = [*_head(title, notes), request_line, *map(_header, headers)]
    return "\n".join([*lines, *(["", body] if body else []), ""])


def unsent_request_of(title: str, notes: Iterable[str], request_line: str, headers: Iterable[tuple[str, str]]) -> str:
    """Return a request that the file cannot say, without its body, as a comment."""
    return "\n".join([*_head(title, notes), *map(comment_of, [request_line, *map(_header, headers)]), ""])


def _head(title: str, notes: Iterable[str]) -> list[str]:
    return ["", f"### {title}", *map(comment_of, notes)]


def _header(header: tuple[str, str]) -> str:
    return ": ".join(header)
