"""Expressions that each database writes in its own way."""

from typing import Any

from sqlalchemy import Boolean
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class contains(GenericFunction[bool]):  # noqa: N801  (written like SQLAlchemy's own functions)
    """`contains(column, part)`: whether a text holds another one, capitals and small letters told apart."""

    type = Boolean()
    inherit_cache = True


@compiles(contains, "sqlite")
def _in_sqlite(element: contains, compiler: SQLCompiler, **options: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **options)}) > 0)"


@compiles(contains, "postgresql")
def _in_postgresql(element: contains, compiler: SQLCompiler, **options: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **options)}) > 0)"
