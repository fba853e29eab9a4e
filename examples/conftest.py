"""Its presence puts this directory on the import path, so that the tests can import ``app``."""
