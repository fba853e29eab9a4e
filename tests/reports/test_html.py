from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from html.parser import HTMLParser

import pytest

from pytest_ftgate.model import Miss
from pytest_ftgate.reports import html
from tests.reports.ladders import plateau
from tests.reports.samples import HOSTILE, RUN_ID, SAMPLES, sample_run, suite, verdict

VOID = {"meta", "input", "line", "circle", "rect", "br"}


class Reader(HTMLParser):
    """Elements, attributes and texts of a page; fails on elements that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], {}, []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def scripts(self):
        return self.texts["script"]


@pytest.mark.parametrize("name", SAMPLES)
def test_golden(name, golden):
    text = html.render(SAMPLES[name]())
    # Style and script have files of their own; here they would only hide what changed.
    text = re.sub(r"<style>.*</style>", "<style></style>", text, flags=re.DOTALL)
    text = re.sub(r"<script>.*</script>", "<script></script>", text, flags=re.DOTALL)
    golden(f"{name}.html", re.sub(r"sha256-[^']+", "sha256-x", text))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_is_well_formed_and_asks_the_network_for_nothing(name):
    page = Reader(html.render(SAMPLES[name]()))
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "base", "form", "video", "audio"}
        assert not attributes.keys() & {"src", "style", "action", "srcset", "background"}
        assert not [key for key in attributes if key.startswith("on")]
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in page.texts["style"][0]
    assert "@import" not in page.texts["style"][0]


def test_the_policy_allows_only_the_own_style_and_script():
    page = Reader(html.render(SAMPLES["hostile"]()))
    policy = next(
        attributes["content"]
        for tag, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style, script = page.texts["style"][0], page.scripts()[1]
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    )
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; "
        f"script-src 'sha256-{script_hash}'; base-uri 'none'; form-action 'none'"
    )


def test_hostile_text_stays_text():
    text = html.render(SAMPLES["hostile"]())
    page = Reader(text)
    assert len(page.scripts()) == 2
    assert "<script>alert" not in text
    assert {unicodedata.category(char) for char in text.replace("\n", "")}.isdisjoint(
        {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )


def test_the_data_island_is_the_verdict_and_cannot_be_left():
    judged = SAMPLES["hostile"]()
    island = Reader(html.render(judged)).scripts()[0]
    assert not set("<>&") & set(island)
    assert island.isascii()
    document = json.loads(island)
    assert document["suites"][0]["gates"][0]["reason"] == HOSTILE
    assert document["run"]["id"] == RUN_ID


def test_a_huge_output_is_previewed():
    huge = Miss(
        case="c", trial=0, outcome="missed", reasons=("r" * 10_000_000,), output="o" * 10_000_000
    )
    assert len(html.render(verdict(suite(misses=(huge,))))) < 60_000


def test_with_a_run_the_cases_that_passed_are_listed_after_the_misses():
    judged = SAMPLES["mixed"]()
    page = html.render(judged, sample_run(judged))
    places = [page.index(f"<code>{case}</code>") for case in ("ticket-001", "ticket-099")]
    assert places == sorted(places)
    assert "stratum hard · tags" not in page  # facts are separate elements
    assert "<span>stratum hard</span><span>tags refund, angry</span>" in page
    assert "<span>2026-11-21</span>" in page


def test_more_cases_than_a_page_lists_are_counted():
    misses = tuple(
        Miss(case=f"c{n}", trial=0, outcome="missed", reasons=("no",)) for n in range(1_003)
    )
    page = html.render(verdict(suite(misses=misses), suite(variant="v4", misses=misses[:2])))
    assert page.count('<details class="case"') == 1_000
    assert "3 more are not listed here." in page
    assert "2 more are not listed here." in page


def test_without_scripts_everything_is_there():
    page = html.render(SAMPLES["baseline"]())
    before_scripts = page[: page.index('<script type="application/json"')]
    for text in ("94.96 %", "min 95.0 %", "−4.0 pts (−7.0 to −1.0)", "ticket-007", "Reproduce"):
        assert text in before_scripts
    assert '<p class="filter" hidden>' in page  # it does nothing without the script


def test_saturation_and_an_empty_verdict_are_said():
    page = html.render(verdict(saturation=(plateau(kpi="accuracy", reason="<b>flat</b>"),)))
    assert "<li>orders · accuracy: plateau. &lt;b&gt;flat&lt;/b&gt;.</li>" in page
    assert "No suite was evaluated" in page
