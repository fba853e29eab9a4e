"""Statistics: pure functions over arrays, with numpy as the only dependency.

Rules of the room: inputs are numbers and labels, never records; wrong shapes and ranges are
programming errors and raise :class:`ValueError`; a bound that the data cannot give is infinite,
a value that does not exist is NaN, and neither is ever replaced by zero. Import the module that
holds what is needed; this package imports nothing by itself.
"""
