"""The page as a reader meets it: it loads, fits the screen, moves, sorts, and shows a failed fit at once."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_the_page_does_what_it_says(browser, page_file: Path) -> None:
    """One page for all: to start the browser and to draw the page is what takes the time."""
    said: list[str] = []
    asked: list[str] = []
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())

    # A failed fit is seen without scrolling.
    box = page.locator(".card .bad", has_text="NOT CONVERGED").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 900

    # Tables sort by a column, up and down, and say so.
    table = page.locator("#toy-comparison ~ .scroll table.sortable").first
    head = table.locator("th", has_text="model")
    head.locator("button").click()
    names = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").click()
    assert table.locator("tbody tr td:nth-child(2)").all_inner_texts() == names[::-1]

    # One model at a time, the same in all sections.
    chooser = page.locator("[data-chooser] select").first
    chooser.select_option("both_none")
    assert page.locator(".model:visible").evaluate_all("all => all.map(e => e.dataset.model)") == ["both_none"] * 2

    # The search leads to what is folded.
    page.locator("#search").fill("divergen")
    assert page.locator("#hits a").count() > 0

    # Sliders move the curve; the browser computes what the engine does; beyond what was measured is hatched.
    page.locator(".explorer").scroll_into_view_if_needed()
    page.wait_for_selector(".explorer[data-ready=yes]", timeout=60_000)
    assert "largest difference" in page.locator("[data-part=check]").inner_text()
    assert "Not shown" not in page.locator("[data-part=check]").inner_text()
    course = page.locator("svg[data-part=course]")
    before = course.locator("path.median").get_attribute("d")
    slider = page.locator("input[data-slider=IL6]")
    slider.focus()
    for _ in range(200):
        page.keyboard.press("ArrowRight")
    after = course.locator("path.median").get_attribute("d")
    assert before != after
    assert course.locator(".hatch").count() == 1
    assert "Extrapolation: IL6" in page.locator("[data-part=say]").inner_text()

    # A model whose fit failed is grey, and says why.
    page.locator("[data-part=model]").select_option("both_none")
    assert "NOT CONVERGED" in page.locator("[data-part=say]").inner_text()
    assert course.locator("path.median.grey").count() == 1

    # Numbers can be taken away, with the verdict.
    with page.expect_download() as taken:
        page.locator("[data-part=csv]").click()
    text = Path(taken.value.path()).read_text(encoding="utf-8")
    assert '"# verdict","NOT CONVERGED"' in text
    assert text.count("\n") > 60

    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_no_screen_is_scrolled_sideways_and_axe_finds_nothing_serious(browser, page_file) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = {}
    for scheme, width in (("light", 360), ("light", 768), ("dark", 768), ("light", 1440), ("dark", 1440)):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.goto(page_file.as_uri())
        page.locator(".explorer").scroll_into_view_if_needed()
        page.wait_for_selector(".explorer[data-ready=yes]", timeout=60_000)
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found[scheme, width, "scrolls"] = wide
        for v in axe.run(page).response["violations"]:
            if v["impact"] in ("serious", "critical"):
                found[scheme, width, v["id"]] = [node["html"][:160] for node in v["nodes"]]

    assert found == {}


def test_without_javascript_the_page_is_whole(browser, page_file) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(page_file.as_uri())
    texts = page.locator("main").inner_text()

    assert "which mechanism" in texts.lower()
    assert "What a ligand does" in texts
    assert page.locator(".model > summary:visible", has_text="SOCS3 is made and does nothing").count() == 2
    assert page.locator(".needs-js:visible").count() == 0
