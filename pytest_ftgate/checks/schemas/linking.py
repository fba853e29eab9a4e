"""What can be known of a schema before the first output.

Its references are resolved, its documents checked against their meta-schema, its patterns
compiled, its doubtful places listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import referencing
from jsonschema.validators import SPECIFICATIONS
from msgspec import Struct, field
from referencing import jsonschema as specifications
from referencing.exceptions import Unresolvable, Unretrievable

from pytest_ftgate import strict_json
from pytest_ftgate.checks.patterns import Pattern, PatternError
from pytest_ftgate.checks.schemas import lint
from pytest_ftgate.checks.schemas.dialects import (
    SCHEMA_LISTS,
    SCHEMA_MAPS,
    SCHEMA_VALUED,
    URIS,
    Draft,
    draft_of,
)
from pytest_ftgate.checks.schemas.guard import TooDeep
from pytest_ftgate.checks.schemas.keywords import entered, meta_validator, validator
from pytest_ftgate.checks.schemas.reasons import reasons
from pytest_ftgate.errors import DataError, did_you_mean, shown_path
from pytest_ftgate.text import json_path, preview, shown

if TYPE_CHECKING:
    from pytest_ftgate.checks.outputs import Json

_SPECIFICATIONS = {
    Draft.D4: specifications.DRAFT4,
    Draft.D6: specifications.DRAFT6,
    Draft.D7: specifications.DRAFT7,
    Draft.D2019: specifications.DRAFT201909,
    Draft.D2020: specifications.DRAFT202012,
}
_BASE = "urn:pytest-ftgate:schema"
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class Linked(Struct, frozen=True):
    """A schema's validator, which knows all that the schema refers to, and what is doubtful."""

    validator: Any
    warnings: tuple[str, ...]


class Refused(Exception):
    """A reference leads where none may lead."""


class ProjectFiles:
    """The JSON files below a root; no reference reads any other."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def read(self, file: Path) -> Json:
        """The document in a file.

        Raises:
            DataError: when it cannot be read, is not UTF-8 or not strict JSON.
        """
        document: Json = strict_json.parse_file(file)
        return document

    def fetch(self, uri: str) -> tuple[Path, Json]:
        """The document that a reference names.

        Raises:
            Refused: unless the URI is that of a file inside the root.
            DataError: when the file is no JSON.
        """
        parts = urlsplit(uri)
        if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
            raise Refused("only files inside the project root are read, never the network")
        file = Path(unquote(parts.path)).resolve()
        if not file.is_relative_to(self._root):
            raise Refused(f"it lies outside the project root {self._root}")
        if not file.is_file():
            raise Refused(f"there is no file {shown_path(file)}")
        return file, self.read(file)


def link(document: Json, file: Path | None, files: ProjectFiles | None) -> Linked:
    """Check a schema and all it refers to.

    Args:
        document: the schema.
        file: where it was read; ``None`` for data, which can refer to nothing but itself.
        files: what references may read.

    Raises:
        DataError: naming the place in the schema.
    """
    return _Linker(files).link(document, file)


class _Place(Struct):
    """A subschema on its way to be looked at."""

    schema: Any
    resolver: Any
    document: _Document
    path: tuple[str | int, ...]

    @property
    def shown(self) -> str:
        return json_path(self.path)


class _Document(Struct, frozen=True):
    source: str
    draft: Draft
    contents: Any
    resource: Any
    address: str  # what its references are relative to: its $id, or where it lies


class _Linker(Struct):
    files: ProjectFiles | None
    documents: dict[str, _Document] = field(default_factory=dict)
    patterns: dict[str, Pattern] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def link(self, contents: Json, file: Path | None) -> Linked:
        base = file.resolve().as_uri() if file is not None else _BASE
        root = self._admit(base, contents, str(file) if file is not None else "<schema>")
        registry = _with_specifications(self._retrieve).with_resource(base, root.resource).crawl()
        start = registry.resolver().lookup(root.address)
        self._walk(_Place(contents, start.resolver, root, ()))
        # By reference, so that relative references in the schema start from its own address.
        entry = {"$ref": root.address}
        made = validator(root.draft, entry, self._complete(), self.patterns)
        return Linked(entered(made), tuple(self.warnings))

    def _complete(self) -> Any:
        """All documents at hand, so that validation itself can read nothing more."""
        resources = [(uri, held.resource) for uri, held in self.documents.items()]
        return _with_specifications(None).with_resources(resources).crawl()

    def _retrieve(self, uri: str) -> Any:
        if uri not in self.documents:
            if self.files is None:
                raise Refused("a schema given as data can refer to nothing but itself")
            file, contents = self.files.fetch(self._beside(uri))
            self._admit(uri, contents, str(file))
        return self.documents[uri].resource

    def _beside(self, uri: str) -> str:
        """Where a document may lie that is named relative to the ``$id`` of one at hand.

        A published schema says ``"$id": "https://example.com/schemas/ticket.json"`` and refers to
        ``address.json``; in the project that file lies beside it.
        """
        for held_at, held in self.documents.items():
            folder = urljoin(held.address, ".")
            if held.address != held_at and uri.startswith(folder):
                return urljoin(held_at, uri.removeprefix(folder))
        return uri

    def _admit(self, uri: str, contents: Any, source: str) -> _Document:
        draft = draft_of(contents)
        if draft is None:
            raise DataError(
                source,
                f"$schema is {preview(contents['$schema'])}, which is no known draft",
                "allowed: " + ", ".join(URIS),
            )
        resource = _SPECIFICATIONS[draft].create_resource(contents)
        address = urljoin(uri, resource.id() or "")
        self.documents[uri] = held = _Document(source, draft, contents, resource, address)
        _check(held, contents, ())
        return held

    def _walk(self, first: _Place) -> None:
        places, targets = [first], list[_Place]()
        while places or targets:
            # References last: what they reach by other ways has then been checked in its place.
            place = places.pop() if places else targets.pop()
            if id(place.schema) in self.seen or not isinstance(place.schema, Mapping):
                continue
            self.seen.add(id(place.schema))
            self._look_at(place)
            targets.extend(self._referred(place))
            places.extend(_subschemas(place))

    def _look_at(self, place: _Place) -> None:
        for doubt in lint.doubts(place.schema, place.document.draft):
            where = f"{shown_path(place.document.source)}: {place.shown}"
            self.warnings.append(shown(f"{where}: {doubt}", 300))
        sources = [place.schema["pattern"]] if "pattern" in place.schema else []
        for source in [*sources, *place.schema.get("patternProperties", ())]:
            if source in self.patterns:
                continue
            try:
                self.patterns[source] = Pattern(source, anchored_end=True)
            except PatternError as error:
                raise DataError(
                    place.document.source,
                    f"{place.shown}: the pattern {preview(source)} is not a regular expression: "
                    f"{error}",
                ) from None

    def _referred(self, place: _Place) -> Iterator[_Place]:
        for key in _REFERENCES:
            ref = place.schema.get(key)
            if isinstance(ref, str):
                resolved = self._lookup(place, key, ref)
                document = self._document_of(resolved, place)
                if id(resolved.contents) not in self.seen:
                    _check(document, resolved.contents, (ref,))
                yield _Place(resolved.contents, resolved.resolver, document, (ref,))

    def _lookup(self, place: _Place, key: str, ref: str) -> Any:
        try:
            return place.resolver.lookup(ref)
        except Unresolvable as error:
            cause = error.__cause__
            if isinstance(cause, Unretrievable):
                cause = cause.__cause__
            if isinstance(cause, DataError):
                raise cause from None
            why = str(cause) if isinstance(cause, Refused) else "there is nothing at that place"
            raise DataError(
                place.document.source,
                f"{place.shown}: {key} {preview(ref, 120)} cannot be followed: {why}",
                _nearest(ref, place.document.contents),
            ) from None

    def _document_of(self, resolved: Any, place: _Place) -> _Document:
        base = resolved.resolver._base_uri
        held = (each for uri, each in self.documents.items() if base in {uri, each.address})
        return next(held, place.document)


def _with_specifications(retrieve: Callable[[str], Any] | None) -> Any:
    """A registry that holds the drafts' own documents and can retrieve others only as told."""
    registry: Any = referencing.Registry
    return SPECIFICATIONS.combine(registry(retrieve=retrieve) if retrieve else registry())


def _check(document: _Document, schema: Any, path: tuple[str | int, ...]) -> None:
    if not isinstance(schema, (Mapping, bool)):
        raise DataError(
            document.source,
            f"{json_path(path)}: a schema is an object or a boolean, got {preview(schema)}",
        )
    try:
        problems = reasons(islice(meta_validator(document.draft).iter_errors(schema), 1), path)
    except TooDeep:
        raise DataError(document.source, "the schema is nested too deeply") from None
    if problems:
        raise DataError(
            document.source,
            f"not a schema of {document.draft.label}: {problems[0]}",
            "correct it, or name another draft by $schema",
        )


def _subschemas(place: _Place) -> Iterator[_Place]:
    specification = _SPECIFICATIONS[place.document.draft]
    for key, value in place.schema.items():
        for steps, each in _below(key, value):
            if isinstance(each, Mapping):
                resolver = place.resolver.in_subresource(specification.create_resource(each))
                yield _Place(each, resolver, place.document, (*place.path, *steps))


def _below(key: str, value: Any) -> list[tuple[tuple[str | int, ...], Any]]:
    """The subschemas in a keyword's value, each with the steps that lead to it."""
    if key in SCHEMA_MAPS and isinstance(value, Mapping):
        return [((key, name), each) for name, each in value.items()]
    if key in SCHEMA_LISTS and isinstance(value, list):
        return [((key, index), each) for index, each in enumerate(value)]
    return [((key,), value)] if key in SCHEMA_VALUED else []


def _nearest(ref: str, contents: Any) -> str:
    if not isinstance(contents, Mapping) or not ref.startswith("#"):
        return ""
    places = [
        f"#/{holder}/{name}"
        for holder in ("$defs", "definitions")
        for name in contents.get(holder, ())
    ]
    return did_you_mean(ref, places) if places else ""
