"""Measurements of the analysis, run by hand: accuracy, error bars, speed, real nights.

``python -m tests.benchmarks.accuracy`` and so on, from the repository's root. They print tables and pass no
judgement; the tests do that.
"""
