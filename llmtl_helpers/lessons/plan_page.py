"""The plan of a lesson as one printable page (A4): timings, what to open and say, answers."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from llmtl_helpers.lessons.answers import at_hand, short_answer
from llmtl_helpers.lessons.plan import LEFT_OUT, MINUTES, Plan, Row, markdown, read_plan
from llmtl_helpers.lessons.source import Exercise, Lesson, read_exercises

STYLE = """
@page { size: A4; margin: 9mm 10mm }
:root { color-scheme: light }
body { background: #fff; color: #111; font: 8.8pt/1.28 system-ui, sans-serif; margin: 0 auto;
       max-width: 190mm }
h1 { font-size: 14pt; margin: 0 } h2 { font-size: 10pt; margin: 5pt 0 1pt }
p { margin: 2pt 0 } ul, ol { margin: 1pt 0; padding-left: 14pt } li { margin: 1pt 0 }
table { border-collapse: collapse; width: 100%; margin: 4pt 0 }
th, td { border: 0.5pt solid #999; padding: 1.5pt 3pt; text-align: left; vertical-align: top }
th { background: #eee } td.at { text-align: center; white-space: nowrap } td.out { color: #767676 }
td.what { width: 21% } td.open { width: 20% } tr, li { break-inside: avoid }
code { font: 8.2pt ui-monospace, monospace; overflow-wrap: break-word }
"""
NO_REQUESTS = "default-src 'none'; style-src 'unsafe-inline'"  # for the browser to enforce


def plan_pages(lessons: Sequence[Lesson], folder: Path, ledger=None) -> dict[Path, str]:
    """The page of every lesson that has a plan: the file it belongs in, and its HTML.

    Args:
        ledger: whose shipped runs answer the exercises; default: `Ledger()`.

    Raises:
        LearnerError: a plan is not as agreed.
    """
    plans = [(lesson, plan) for lesson in lessons if (plan := read_plan(lesson))]
    if not plans:
        return {}
    if ledger is None:
        from llmtl_helpers.ledger import Ledger

        ledger = Ledger()
    names = at_hand(ledger)
    return {folder / f"{lesson.name}.plan.html": plan_html(lesson, plan, [
        (exercise, short_answer(exercise, names)) for exercise in read_exercises(lesson.text)])
        for lesson, plan in plans}


def plan_html(lesson: Lesson, plan: Plan, answers: Sequence[tuple[Exercise, str]]) -> str:
    """The page. Text of lessons is escaped.

    Args:
        answers: the exercises, each with its answer in short or an empty text.
    """
    text = markdown()
    title = escape(f"{lesson.heading}: {lesson.question}")
    heads = "".join(f'<th scope="col">{head}</th>' for head in (
        "What", *(f"{plan} min" for plan in MINUTES), "Open", "Say"))
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta http-equiv="Content-Security-Policy" content="{NO_REQUESTS}">'
            f"<style>{STYLE}</style></head><body><h1>{title}</h1>"
            f"{text.render(plan.intro)}"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{_rows(plan, text)}</tbody></table>"
            f"{text.render(plan.notes)}{_exercises(answers, text)}</body></html>\n")


def _rows(plan: Plan, text) -> str:
    """Table rows: in each plan from which minute to which, a widget with its state, what to say."""
    began = dict.fromkeys(MINUTES, 0)
    rows = []
    for row in plan.rows:
        times = ""
        for length in MINUTES:
            took = row.minutes.get(length)
            if took is None:
                times += f'<td class="at out">{LEFT_OUT}</td>'
            else:
                times += f'<td class="at">{began[length]}–{began[length] + took}</td>'
                began[length] += took
        rows.append(f'<tr><td class="what">{text.renderInline(row.what)}</td>{times}'
                    f'<td class="open">{_opened(row)}</td><td>{text.renderInline(row.say)}</td>'
                    "</tr>")
    return "".join(rows)


def _opened(row: Row) -> str:
    parts = "<wbr>".join(re.split("(?<=;)", escape(row.state)))
    state = f" at <code>{parts}</code>" if row.state else ""
    return f"<code>{escape(row.widget)}</code>{state}" if row.widget else ""


def _exercises(answers: Sequence[tuple[Exercise, str]], text) -> str:
    if not answers:
        return ""
    items = "".join(
        f"<li><b>{text.renderInline(exercise.title)}</b>"
        + (f": <code>{escape(answer)}</code>" if answer else "")
        + f". {text.renderInline(' '.join(exercise.why.split()))}</li>"
        for exercise, answer in answers)
    return f"<h2>The exercises in short</h2><ol>{items}</ol>"
