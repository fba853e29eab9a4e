"""An application with a language model in it, as it would be without any eval tests."""
