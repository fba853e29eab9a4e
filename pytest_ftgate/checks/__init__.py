"""Checks: pure functions from an output to an observation.

:class:`~pytest_ftgate.checks.grader.Grader` runs them for the ``grade`` fixture,
:mod:`~pytest_ftgate.checks.assertions` for ordinary tests.
"""
