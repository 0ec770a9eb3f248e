"""Append-only CSV files of frozen records, safe under crashes and several writers, read back exactly."""

from playground.csvlog.frame import load
from playground.csvlog.log import CsvLog
from playground.csvlog.rows import NewRows, RecordReader, read_value

__all__ = ["CsvLog", "NewRows", "RecordReader", "load", "read_value"]
