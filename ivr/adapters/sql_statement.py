"""Statements of the call path, spelled once for each kind of database and then carried out by its driver itself.

SQLAlchemy writes them, converts their values and names their errors. What it would do again at every execution
(look the text up, build a context and a result) costs several times what the database needs for such a statement.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

Convert = Callable[[Any], Any]
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Result:
    """What came back: `rowcount` as the driver counts, `rows` with the columns' names as attributes."""

    rowcount: int
    rows: Sequence[Any]

    @property
    def first(self) -> Any | None:
        """The first row, None when there is none."""
        return self.rows[0] if self.rows else None


class Statement:
    """A statement whose text never changes: what varies is named by `sa.bindparam`, the length of an IN cannot.

    An INSERT names every column it fills; Python-side defaults of the others are not applied.
    """

    def __init__(self, clause: Any) -> None:
        self._clause = clause
        self._spelled: dict[str, _Spelled] = {}

    def on(self, connection: sa.Connection, values: Mapping[str, Any] = _NOTHING) -> Result:
        """Carry it out. Raises KeyError for a value not given, SQLAlchemy's errors for what the database refuses."""
        dialect = connection.dialect
        spelled = self._spelled.get(dialect.name)
        if spelled is None:
            spelled = self._spelled[dialect.name] = _spell(self._clause, dialect)
        parameters = spelled.parameters(values)
        try:
            cursor = _driver(connection).execute(spelled.text, parameters)
            rows = cursor.fetchall() if spelled.row else ()
            count = cursor.rowcount
            cursor.close()
        except dialect.loaded_dbapi.Error as error:
            raise _named(error, dialect, spelled.text) from error
        return Result(count, [spelled.row_of(row) for row in rows])


def told(connection: sa.Connection, words: str) -> None:
    """Something the database answers with nothing, such as SAVEPOINT."""
    try:
        _driver(connection).execute(words).close()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _named(error, connection.dialect, words) from error


@dataclass(frozen=True, kw_only=True)
class _Bind:
    """`fixed`: the value stands in the statement itself, converted already."""

    name: str
    fixed: bool
    value: Any
    convert: Convert | None

    def taken_from(self, values: Mapping[str, Any]) -> Any:
        if self.fixed:
            return self.value
        value = values[self.name]
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, kw_only=True)
class _Spelled:
    """A statement in the words of one dialect; `row` makes a row of its values, None where none come back."""

    text: str
    by_position: bool
    binds: Sequence[_Bind]
    row: Callable[[Sequence[Any]], Any] | None
    convert: Sequence[tuple[int, Convert]]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        if self.by_position:
            return [bind.taken_from(values) for bind in self.binds]
        return {bind.name: bind.taken_from(values) for bind in self.binds}

    def row_of(self, values: Sequence[Any]) -> Any:
        assert self.row is not None
        if self.convert:
            values = list(values)
            for place, convert in self.convert:
                values[place] = convert(values[place])
        return self.row(values)


def _spell(clause: Any, dialect: sa.Dialect) -> _Spelled:
    compiled = clause.compile(dialect=dialect)
    if compiled.post_compile_params:
        raise ValueError(f"a text that changes with its values: {compiled}")
    parameters = {name: parameter for parameter, name in compiled.bind_names.items()}
    names = compiled.positiontup if compiled.positional else list(parameters)
    columns = list(getattr(clause, "exported_columns", ()))  # a text() has none
    readers = [_reader(column.type, dialect) for column in columns]
    return _Spelled(
        text=str(compiled),
        by_position=compiled.positional,
        binds=[_bind(name, parameters[name], dialect) for name in names],
        row=_row_of([column.name for column in columns]) if columns else None,
        convert=[(place, reader) for place, reader in enumerate(readers) if reader is not None],
    )


def _row_of(names: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    row: Any = namedtuple("Row", names)  # type: ignore[misc] # its columns are known only now
    return row._make


def _bind(name: str, parameter: sa.BindParameter[Any], dialect: sa.Dialect) -> _Bind:
    convert: Convert | None = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    fixed = not parameter.required
    value = convert(parameter.value) if fixed and convert is not None else parameter.value
    return _Bind(name=name, fixed=fixed, value=value, convert=convert)


def _reader(type_: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _driver(connection: sa.Connection) -> Any:
    """sqlite3's or psycopg's own connection: both carry out a statement without a cursor asked for first."""
    return connection.connection.driver_connection


def _named(error: Exception, dialect: sa.Dialect, text: str) -> BaseException:
    """As SQLAlchemy names it; without the values, for they may be a caller's."""
    base = dialect.loaded_dbapi.Error
    return sa.exc.DBAPIError.instance(text, None, error, base, hide_parameters=True, dialect=dialect)
