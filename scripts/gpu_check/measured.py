"""Writes what was measured into the tables of docs/study, whose last column bench/study_table.cpp leaves for it."""

import re


def fill_table(table, milliseconds):
    """The lines of one table; {rung: ms}."""
    def row(match):
        rung = match[1]
        return f"{match[0][:match.start(2) - match.start()]} {milliseconds[rung]:.3g} |" if rung in milliseconds else match[0]

    return re.sub(r"^\| `([^`]+)` \|.*\|([^|\n]*)\|$", row, table, flags=re.M)


def fill(folder, results):
    for page in sorted(folder.glob("*.md")):
        text = page.read_text()

        def table(match):
            rungs = {r["way"]: r["seconds"] * 1e3 for r in results if r["shape"] == match[2] and "seconds" in r}
            return match[1] + fill_table(match[3], rungs) + match[4]

        page.write_text(re.sub(r"(<!-- study_model: begin ([^\n]*?) -->\n)(.*?)(<!-- study_model: end \2 -->)", table, text,
                               flags=re.S))
