"""README.md of the results: what the stages' JSON files say, between two marks."""

import json

MARKS = ("<!-- gpu-check: begin -->\n", "<!-- gpu-check: end -->\n")


def records(folder):
    return [json.loads(path.read_text()) for path in sorted(folder.glob("stage-*.json"))]


def to_markdown(all_records):
    if not all_records:
        return "Nothing measured yet.\n"
    lines = ["| stage | | status | seconds | GPU | driver | commit | date |", "|---|---|---|---:|---|---|---|---|"]
    for r in all_records:
        status = r["status"] + (f": {r['problem'].splitlines()[0]}" if r["problem"] else "")
        lines.append(f"| {r['stage']} | {r['name']} | {status} | {r['seconds']:.0f} | {r['machine'].get('gpu', '')} "
                     f"| {r['machine'].get('driver', '')} | `{r['commit']}` | {r['date']} |")
    sections = [f"### {r['stage']}. {r['name']}\n\n{r['summary'].strip()}\n" for r in all_records if r["summary"].strip()]
    return "\n".join(["\n".join(lines) + "\n", *sections])


def write(folder):
    page = folder / "README.md"
    text = page.read_text() if page.exists() else "# On a GPU\n\n" + "".join(MARKS)
    if MARKS[0] not in text or MARKS[1] not in text:
        raise SystemExit(f"gpu-check: {page} has no marks {MARKS[0].strip()} ... {MARKS[1].strip()}")
    before, rest = text.split(MARKS[0], 1)
    after = rest.split(MARKS[1], 1)[1]
    page.write_text(before + MARKS[0] + to_markdown(records(folder)) + MARKS[1] + after)
