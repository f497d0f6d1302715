"""What is asked of every page: a script in the page lists what is wrong with it."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "web" / "assets" / "node_modules" / "axe-core" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_FAULTS = """() => {
  const faults = [];
  const root = document.documentElement;
  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) faults.push(`${headings} h1`);
  if (!document.title) faults.push("no title");
  return [root.lang, faults];
}"""
_WIDER = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  const out = [...document.body.querySelectorAll("*")].find((one) => one.getBoundingClientRect().right > width + 1);
  return out ? `${out.tagName} .${out.getAttribute("class")} ${out.textContent.trim().slice(0, 40)}` : "the page";
}"""
_AXE = """async (tags) => {
  const found = await axe.run({exclude: [[".djs-container"]]}, {runOnly: tags, resultTypes: ["violations"]});
  return found.violations.flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.html}`));
}"""


def find_faults(page: Page, language: str) -> list[str]:
    """Faults of the page's structure."""
    found: list[Any] = page.evaluate(_FAULTS)
    tongue, faults = str(found[0]), [str(one) for one in found[1]]
    return faults + ([] if tongue == language else [f"lang is {tongue}"])


def find_overflow(page: Page) -> list[str]:
    """What makes the page wider than the screen."""
    wider = page.evaluate(_WIDER)
    return [] if wider is None else [f"wider than {page.evaluate('innerWidth')} px: {wider}"]


def keep_axe(page: Page) -> None:
    """Brings axe-core into every document that is loaded from now on, where there are many to look at."""
    page.add_init_script(path=AXE)


def find_barriers(page: Page) -> list[str]:
    """What axe-core holds against the page (WCAG 2.2 A and AA, best practice); drawings count as one picture."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return [str(one) for one in page.evaluate(_AXE, STANDARDS)]
