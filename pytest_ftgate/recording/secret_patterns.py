"""What secrets look like: the shapes of well-known keys, and the values of the environment.

A shape is matched only where it does not continue a word, so that ``risk-assessment`` is not
taken for a key, and the loose shapes ask for a digit near their start, which random keys have and
words do not. Answers may be hostile: no shape looks far ahead from many places.
"""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MIN_VALUE = 8
"""Shorter values of environment variables are left alone: they would match ordinary words."""

_WORDS = {
    "anthropic",
    "assistant",
    "completion",
    "development",
    "disabled",
    "localhost",
    "optional",
    "production",
    "required",
}
"""Values that variables such as ``TOKEN_PROVIDER`` have and that answers are full of."""

_START = r"(?<![A-Za-z0-9])"

_SHAPES = {
    "private key": r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"
    r"[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)",
    "JSON web token": r"(?<![_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}",
    "OpenAI or Anthropic key": r"sk-(?:(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_-]{8,}"
    r"|(?=[A-Za-z0-9_-]{0,40}[0-9])[A-Za-z0-9_-]{16,})",
    "bearer token": r"(?i:bearer)\s+(?=[^\s]*[0-9])[A-Za-z0-9._~+/=-]{12,}",
    "basic credentials": r"(?i:basic)\s+(?=[^\s]*[0-9=])[A-Za-z0-9+/]{12,}={0,2}",
    "AWS access key": r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}(?![0-9A-Za-z])",
    "AWS secret key": r"(?i:aws_?secret_?access_?key)[\"'\s:=\\]+[A-Za-z0-9/+]{40}",
    "Google key": r"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,}",
    "GitHub token": r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}",
    "GitLab token": r"glpat-[A-Za-z0-9_-]{16,}",
    "Slack token": r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"
    r"|hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
    "Hugging Face token": r"hf_[A-Za-z0-9]{20,}",
    "provider key": r"(?:gsk|r8|npm|dop_v1|shpat|nvapi|lsv2_pt|lsv2_sk|fw)[_-]"
    r"(?=[A-Za-z0-9_-]{0,40}[0-9])[A-Za-z0-9_-]{20,}"
    r"|(?:xai|pplx|csk|tvly)-(?=[A-Za-z0-9-]{0,40}[0-9])[A-Za-z0-9-]{20,}"
    r"|pypi-AgEI[A-Za-z0-9_-]{20,}|dapi[0-9a-f]{32}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "Stripe key": r"(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,}",
    "Azure key": r"(?i:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{30,}={0,2}",
    "organisation id": r"(?:org-|proj_)(?=[A-Za-z0-9]*[0-9])[A-Za-z0-9]{16,}",
    "password in a URL": r"(?<=://)[^/\s:@\"']{1,200}:[^/\s:@\"']{1,200}(?=@)",
}
_GROUPS = {f"s{number}": what for number, what in enumerate(_SHAPES)}


@cache
def _shape() -> re.Pattern[str]:
    """All shapes in one; compiled when it is first asked for, which replay never does."""
    groups = (f"(?P<s{number}>{pattern})" for number, pattern in enumerate(_SHAPES.values()))
    return re.compile(f"{_START}(?:{'|'.join(groups)})")


_SECRET_NAME = re.compile(r"key|token|secret|password|passwd", re.IGNORECASE)

_FIELDS = frozenset(
    """
    apikey xapikey accesskey secretkey privatekey secretaccesskey accesstoken authtoken
    refreshtoken idtoken sessiontoken bearertoken clientsecret secret password passwd pwd
    authorization proxyauthorization
    """.split()
)
_PARAMETERS = frozenset({"key", "token", "sig"})
_RANDOM = re.compile(r"(?=.*[0-9]).{16,}", re.DOTALL)


def is_secret_field(name: str) -> bool:
    """Whether a member of a JSON object holds a secret, going by its name."""
    return _plain(name) in _FIELDS


def is_secret_parameter(name: str, value: str) -> bool:
    """Whether a parameter of a URL or a form holds a secret, going by its name.

    Names that have other uses as well, such as ``key``, count if the value looks random.
    """
    plain = _plain(name)
    return plain in _FIELDS or (plain in _PARAMETERS and _RANDOM.match(value) is not None)


class Finder:
    """Finds secrets in text.

    Args:
        environ: the environment; the values of variables whose name says key, token, secret or
            password are secrets, raw, URL-encoded, and in base64 at any offset.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._names: dict[str, str] = {}
        for name, padded in environ.items():
            value = padded.strip()
            if _SECRET_NAME.search(name) and len(value) >= MIN_VALUE and value not in _WORDS:
                for spelling in _spellings(value):
                    self._names.setdefault(spelling, name)
        longest_first = sorted(self._names, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if self._names else None

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Every secret in the text: start, end, and what it is. They may overlap."""
        for match in _shape().finditer(text):
            yield match.start(), match.end(), _GROUPS[match.lastgroup or "s0"]
        if self._values is not None:
            for match in self._values.finditer(text):
                yield match.start(), match.end(), f"value of {self._names[match[0]]}"

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the secrets lie, in order, overlapping ones joined."""
        joined: list[tuple[int, int]] = []
        for start, end, _ in sorted(self.find(text)):
            if joined and start <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            else:
                joined.append((start, end))
        return joined


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _spellings(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    raw = value.encode("utf-8", "surrogateescape")
    for offset in range(3):
        # The characters at either end depend on what stands beside the value: leave them out.
        encoded = base64.b64encode(b"\0" * offset + raw)
        core = encoded[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6].decode("ascii")
        if len(core) >= MIN_VALUE:
            yield core
            yield core.replace("+", "-").replace("/", "_")
