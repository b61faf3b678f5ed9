"""The page as a person uses it, in headless Chromium."""

import json
import os
from pathlib import Path

import pytest

from kgqa.demo.world import DEMO_QUESTIONS

pytestmark = [pytest.mark.neo4j, pytest.mark.browser]

PICTURES = os.environ.get("KGQA_PICTURES")
"""A folder for pictures of the page, for people to look at."""


@pytest.fixture
def page(site, browser):
    """The page, wide; whatever it complained of is a failure."""
    context = browser.new_context(viewport={"width": 900, "height": 1100}, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.complaints = complaints  # a test may expect one, and take it away
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(site.url) else complaints.append(request.url))
    page.goto(site.url)
    yield page
    context.close()
    assert complaints == []


def ask(page, question: str):
    """Type a question, and wait for the answer."""
    page.get_by_label("Question", exact=True).fill(question)
    page.keyboard.press("Enter")
    page.locator("#answer:not([hidden])").wait_for()
    return page.get_by_label("Answer", exact=True)


def keep(page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_every_example_is_answered_by_a_click(page):
    examples = page.get_by_label("Examples").get_by_role("button")
    assert examples.all_inner_texts() == [question.text for question in DEMO_QUESTIONS]
    expected = ("Paris", "Nora Ephron", "Padmé Amidala", "11", "One World Trade Center", "330")
    for number, (question, answer) in enumerate(zip(DEMO_QUESTIONS, expected, strict=False)):
        examples.nth(number).click()
        page.locator("#answer:not([hidden])").wait_for()
        assert page.locator("#answer p.big").first.inner_text() == question.text
        shown = page.get_by_label("Answer", exact=True).inner_text()
        assert answer in shown
        assert "Chrysler Building" not in shown
        assert page.get_by_label("Cypher", exact=True).get_by_text("✓ Neo4j returns this answer.").is_visible()
        keep(page, f"example-{number}")


def test_namesakes_are_shown_with_their_shares_and_the_mention_is_marked(page):
    ask(page, "Who wrote films starring Tom Hanks?")
    assert page.locator("#answer p.big mark").inner_text() == "Tom Hanks"
    named = page.get_by_label("What the question names").get_by_role("listitem")
    assert named.all_inner_texts()[0].startswith("Tom Hanks")
    shown = [named.nth(number).get_attribute("title") for number in range(named.count())]
    assert shown[0] == "tom-hanks-actor"
    assert set(shown[1:]) == {"tom-hanks-seismologist", "tom-hanks-theologian"}


def test_the_path_is_drawn_and_told_and_its_cypher_copied_and_its_rows_opened(page, site):
    ask(page, "What city is the Mona Lisa in?")
    because = page.get_by_label("Because")
    drawn = because.get_by_role("img").first
    assert drawn.locator("rect").count() == 3
    assert "hop 2" in drawn.text_content()
    assert "Mona Lisa" in drawn.get_attribute("aria-label")
    assert because.get_by_role("listitem").count() >= 2
    cypher = page.get_by_label("Cypher", exact=True)
    cypher.get_by_role("button", name="Copy").click()
    cypher.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(":param ")
    assert "MATCH (a0:Entity {id: $start})" in copied
    assert not cypher.get_by_text('"Paris"').is_visible()
    cypher.get_by_text("from Neo4j", exact=False).last.click()
    assert cypher.get_by_text('"Paris"').is_visible()


def test_ids_that_are_large_numbers_stay_exact(page):
    json_text = (
        '{"ids": [1503405912345678901, -9007199254740993, 12], "share": 0.12345678901234567, "name": "a \\" 1503405912345678901"}'
    )
    shown = page.evaluate(
        "(text) => { const value = exactly(text); return [written(value.ids), value.share, value.name]; }", json_text
    )
    assert shown == ["[1503405912345678901,-9007199254740993,12]", 0.12345678901234567, 'a " 1503405912345678901']


def test_a_question_about_nothing_known_gets_no_answer_and_no_path(page):
    answer = ask(page, "Who painted the <b>Zyzzyx</b>?")
    assert "I don't know." in answer.inner_text()
    assert page.locator("#answer p.big").first.inner_text() == "Who painted the <b>Zyzzyx</b>?"
    assert page.get_by_label("Because").count() == 0


def test_feedback_is_exported_for_the_next_training(page, site):
    ask(page, "What city is the Mona Lisa in?")
    said = page.get_by_label("Is this right?")
    said.get_by_role("button", name="Right").click()
    said.get_by_text("Thank you: recorded.").wait_for()
    ask(page, "Who did Natalie Portman play in Star Wars?")
    said.get_by_role("button", name="Wrong").click()
    said.get_by_label("What is right instead").fill("Nobody Known")
    said.get_by_role("button", name="Send").click()
    said.get_by_text("Not recorded:").wait_for()
    assert "422" in page.complaints.pop()
    said.get_by_label("What is right instead").fill("Padmé Amidala")
    said.get_by_role("button", name="Send").click()
    said.get_by_text("Thank you: recorded.").wait_for()
    ask(page, "How tall is the Eiffel Tower?")
    said.get_by_role("button", name="Wrong").click()
    said.get_by_role("button", name="The graph cannot know").click()
    said.get_by_text("Thank you: recorded.").wait_for()
    site.kgqa("feedback", "export", "said.jsonl")
    lines = [json.loads(line) for line in (site.folder / "said.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["question"], line["answers"]) for line in lines] == [
        ("What city is the Mona Lisa in?", ["paris"]),
        ("Who did Natalie Portman play in Star Wars?", ["padme-amidala"]),
        ("How tall is the Eiffel Tower?", []),
    ]


def test_the_keyboard_alone_is_enough(page):
    focused = "document.activeElement.innerText || document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "Question"
    page.keyboard.type(DEMO_QUESTIONS[0].text)
    page.keyboard.press("Enter")
    page.locator("#answer:not([hidden])").wait_for()
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(focused))
    assert {"Ask", "Copy", "👍 Right", "👎 Wrong", DEMO_QUESTIONS[1].text} <= reached


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_it_fits_a_phone_and_is_readable_in_light_and_dark(colours, site, browser):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=colours)
    page = context.new_page()
    page.goto(f"{site.url}/?q=Who%20wrote%20films%20starring%20Tom%20Hanks%3F")
    page.locator("#answer:not([hidden])").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    worst = page.evaluate(CONTRAST)
    keep(page, f"phone-{colours}")
    context.close()
    assert worst["ratio"] >= 4.5, worst


CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map((value) => {
      const share = value / 255; return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const below = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  let worst = {ratio: 99};
  for (const element of document.querySelectorAll("h1, h2, p, li, button, mark, pre, summary, span")) {
    if (!element.innerText || !element.offsetParent) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(below(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) worst = {ratio, text: element.innerText.slice(0, 40)};
  }
  return worst;
}"""
"""The contrast of text that is least (WCAG 2 asks for 4.5)."""
