"""JSON Schemas: read, linted, linked, and validated against with reasons a person can act on.

Import from the module that holds what is needed; jsonschema is loaded with the first schema.
"""
