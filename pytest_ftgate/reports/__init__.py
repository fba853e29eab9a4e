"""Reports: one view model (the verdict document, and the run where a detail is asked) as text.

A report computes nothing and reads no file of the store; numbers are rounded here, for display,
and nowhere else. Every text that came from a model, a dataset or a judge passes through
:func:`pytest_ftgate.text.shown` or the escaping of its format.
"""
