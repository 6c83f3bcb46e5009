"""Tables as Parquet: the same content gives the same bytes. The only module that imports pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trialsim.foundation.tables import Coded, Column, Columns, Values, columns_of, hidden_keys

if TYPE_CHECKING:
    import pandas as pd

ROWS_PER_GROUP = 65_536
TYPES = {"int32": pa.int32(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}
CATEGORY = pa.dictionary(pa.int32(), pa.string())


def parquet_bytes(
    table: str, columns: Columns, further: Sequence[Column] = (), metadata: Mapping[str, str] | None = None
) -> bytes:
    """Return one part of a table as a Parquet file, the same bytes for the same content.

    Every column of the table must be there, and no other: ValueError names what is missing, unknown or ill-typed,
    for that is a fault of the writer's. Dictionaries hold only the values that occur, sorted.
    """
    sink = pa.BufferOutputStream()
    content = arrow_table(table, columns, further).replace_schema_metadata(dict(metadata or {}) | {"table": table})
    pq.write_table(
        content,
        sink,
        compression="zstd",
        compression_level=3,
        row_group_size=ROWS_PER_GROUP,
        use_dictionary=[field.name for field in content.schema if field.type == CATEGORY],
        version="2.6",
        data_page_version="1.0",
    )
    return bytes(sink.getvalue())


def arrow_table(table: str, columns: Columns, further: Sequence[Column] = ()) -> pa.Table:
    """Return checked columns as an Arrow table in the declared order, units and descriptions in the field metadata."""
    declared = columns_of(table, further)
    names = {column.name for column in declared}
    if missing := sorted(names - set(columns)):
        raise ValueError(f"the table {table} lacks the columns {', '.join(missing)}")
    if unknown := sorted(set(columns) - names):
        raise ValueError(f"the table {table} has no columns {', '.join(unknown)}")
    arrays = [arrow_array(table, column, columns[column.name]) for column in declared]
    lengths = {column.name: len(array) for column, array in zip(declared, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the columns of the table {table} are of different lengths: {lengths}")
    return pa.table(arrays, schema=schema(declared))


def schema(columns: Sequence[Column]) -> pa.Schema:
    return pa.schema(
        pa.field(
            column.name,
            CATEGORY if column.type == "category" else TYPES[column.type],
            nullable=column.nullable,
            metadata={"unit": column.unit, "description": column.description},
        )
        for column in columns
    )


def arrow_array(table: str, column: Column, values: Values) -> pa.Array:
    try:
        array = category_array(values) if column.type == "category" else plain_array(column, values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError) as error:
        raise ValueError(f"{table}.{column.name} is not {column.type}") from error
    if array.null_count and not column.nullable:
        raise ValueError(f"{table}.{column.name} may not be missing, but is in {array.null_count} of {len(array)} rows")
    if column.categories and (strange := sorted(set(array.dictionary.to_pylist()) - set(column.categories))):
        raise ValueError(f"{table}.{column.name} may not be {', '.join(strange)}")
    return array


def plain_array(column: Column, values: Values) -> pa.Array:
    """Return numbers or truths as Arrow; NaN becomes null, a float is never cut to an integer."""
    kind = TYPES[column.type]
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.data, mask=np.ma.getmaskarray(values)).cast(kind)
    if isinstance(values, np.ndarray) and values.dtype != object:
        return pa.array(values, from_pandas=column.type == "float64").cast(kind)
    return pa.array(list(values), type=kind, from_pandas=True)


def category_array(values: Values) -> pa.DictionaryArray:
    """Return text as an Arrow dictionary of the values that occur, sorted."""
    if isinstance(values, Coded):
        codes, words = np.asarray(values.codes), [str(word) for word in values.categories]
        if len(codes) and not -1 <= codes.min() <= codes.max() < len(words):
            raise ValueError(f"codes reach from {codes.min()} to {codes.max()}, but there are {len(words)} categories")
    else:
        words = sorted({str(value) for value in values if value is not None})
        positions: dict[Any, int] = {word: i for i, word in enumerate(words)} | {None: -1}
        codes = np.fromiter(
            (positions[None if value is None else str(value)] for value in values), np.int64, len(values)
        )
    present = np.bincount(codes[codes >= 0], minlength=len(words)) > 0
    kept = sorted({word for word, there in zip(words, present, strict=True) if there})
    rank = {word: i for i, word in enumerate(kept)}
    recoded = np.array([*(rank.get(word, -1) for word in words), -1], dtype=np.int32)[codes]
    return pa.DictionaryArray.from_arrays(pa.array(recoded, mask=recoded < 0), pa.array(kept, type=pa.string()))


def foreign_columns(raw: bytes) -> dict[str, list[Any]]:
    """Return the columns of a Parquet file that others wrote, as Python values with None for null.

    ValueError if it is no such file or two columns have one name.
    """
    try:
        content = pq.ParquetFile(pa.BufferReader(raw)).read()
    except pa.ArrowException as error:
        raise ValueError(str(error).splitlines()[0]) from error
    if len(set(content.column_names)) < content.num_columns:
        raise ValueError("two columns have one name")
    return {name: content.column(name).to_pylist() for name in content.column_names}


def stored_columns(path: Path, names: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Return some columns of one part: floats with NaN for null, categories as text with None."""
    content = pq.ParquetFile(path).read(columns=list(names))
    return {name: numpy_column(content.column(name).combine_chunks()) for name in names}


def numpy_column(array: Any) -> np.ndarray[Any, Any]:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        words = np.array([*array.dictionary.to_pylist(), None], dtype=object)
        return np.asarray(words[np.asarray(array.indices.fill_null(-1))], dtype=object)
    return np.asarray(array.to_numpy(zero_copy_only=False))


def pandas_frame(table: str, parts: Sequence[tuple[Mapping[str, str], Path]]) -> pd.DataFrame:
    """Return parts of one table, each with its keys, as one frame: keys first, rows in the order of the parts."""
    keys = hidden_keys(table)
    pieces = []
    for values, path in parts:
        piece = pq.ParquetFile(path).read()
        for i, key in enumerate(keys):
            column = pa.DictionaryArray.from_arrays(pa.array([0] * piece.num_rows, pa.int32()), pa.array([values[key]]))
            piece = piece.add_column(i, key, column)
        pieces.append(piece)
    if not pieces:
        empty = {column.name: pa.array([], field.type) for column, field in described(table)}
        whole = pa.table({key: pa.array([], CATEGORY) for key in keys} | empty)
    else:
        whole = pa.concat_tables(pieces).unify_dictionaries()
    frame: pd.DataFrame = whole.to_pandas()
    return frame


def described(table: str) -> list[tuple[Column, pa.Field]]:
    columns = columns_of(table)
    return list(zip(columns, schema(columns), strict=True))


__all__ = ["arrow_table", "foreign_columns", "pandas_frame", "parquet_bytes", "stored_columns"]
