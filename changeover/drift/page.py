"""A report of verification as a page that stands by itself: to be read, kept with the papers of a move, and signed."""

from __future__ import annotations

from datetime import datetime
from html import escape

from changeover.drift.report import SAMPLE, Report, TableReport
from changeover.wording import number

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.well{color:#176b2c}.ill{color:#a11}.small{color:#555;font-size:.9rem}
.sign td{height:3rem}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}}
"""


def page(report: Report) -> str:
    """The whole page. It holds keys and column names, and no value of a row but the keys."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f"<title>Verification {report.verification}</title><style>{_STYLE}</style></head><body>",
            f"<h1>Verification {report.verification}</h1>",
            _verdict(report),
            _facts(report),
            _summary(report),
            *(_details(table) for table in report.tables),
            _MEANING,
            _SIGNATURES,
            "</body></html>",
        ]
    )


def _verdict(report: Report) -> str:
    """In words, what keeps it from being equal: rows that differ, or what nobody has compared."""
    if report.equal:
        which = "of the ranges that were chosen " if report.sampled else ""
        said = f"Every row {which}was compared, and equals what its old row says."
        return f'<p class="well"><strong>Equal.</strong> {said}</p>'
    tables = report.tables
    differ = sum(table.open for table in tables)
    left = [
        (sum(table.rejected for table in tables), "rejected row", None),
        (sum(table.hot for table in tables), "row that kept changing", "rows that kept changing"),
        (sum(len(table.not_verified) for table in tables), "range", None),
        (sum(len(table.errors) for table in tables), "range that failed", "ranges that failed"),
    ]
    parts = [number(count, one, many) for count, one, many in left if count]
    missed = f" Not compared: {', '.join(parts)}." if parts else ""
    if differ:
        head = f"Not equal: {number(differ, 'row differs', 'rows differ')}."
    elif parts:
        head = "Nothing differs in what was compared, but not all was."
    else:
        head = "Nothing was compared."
    return f'<p class="ill"><strong>{head}</strong>{missed} See the tables below.</p>'


def _facts(report: Report) -> str:
    how = (
        "value by value" if report.depth == "values" else "by checksums, and value by value where they differ"
    )
    rows = [
        *((f"Old database {name}", url) for name, url in report.old.items()),
        ("New database", report.new),
        ("Compared", how + (", a sample of the key ranges" if report.sampled else "")),
        ("Begun", _time(report.started_at)),
        ("Report made", _time(report.made_at)),
    ]
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _summary(report: Report) -> str:
    names = (
        *("table", "from", "ranges", "rows compared", "missing", "extra", "different"),
        *("open", "mended", "rejected", "hot", "result"),
    )
    head = "".join(f"<th{'' if n in ('table', 'from', 'result') else ' class=n'}>{n}</th>" for n in names)
    return f"<h2>Tables</h2><table><tr>{head}</tr>{''.join(map(_row, report.tables))}</table>"


def _row(table: TableReport) -> str:
    numbers = (
        table.compared,
        table.missing,
        table.extra,
        table.different,
        table.open,
        table.mended,
        table.rejected,
        table.hot,
    )
    cells = "".join(f'<td class="n">{number:,}</td>' for number in numbers)
    word = "equal" if table.equal else "not equal" if table.open else "not all compared"
    kind = "well" if table.equal else "ill"
    return (
        f"<tr><td>{escape(table.target)}</td><td>{escape(table.root)}</td>"
        f'<td class="n">{table.ranges_verified:,} of {table.ranges:,}</td>{cells}<td class="{kind}">{word}</td></tr>'
    )


def _details(table: TableReport) -> str:
    parts = [
        f"<h2>{escape(table.target)} from {escape(table.root)}</h2>",
        f"<p>{escape(table.how)}. Rows that no root ever led to: {escape(table.without_root)}.",
    ]
    if table.finished_at is not None:
        parts.append(
            f" Looked at from {_time(table.started_at)} to {_time(table.finished_at)}; {table.by_value:,} of "
            f"{number(table.compared, 'row')} value by value."
        )
    parts.append("</p>")
    parts += [f'<p class="ill">{escape(error)}</p>' for error in table.errors]
    if table.not_verified:
        reasons = "".join(
            f"<tr><td>{escape(name)}</td><td>{escape(why)}</td></tr>"
            for name, why in list(table.not_verified.items())[:SAMPLE]
        )
        parts.append(
            f"<p>{number(len(table.not_verified), 'range was', 'ranges were')} not verified:</p>"
            f"<table><tr><th>range</th><th>why</th></tr>{reasons}</table>"
        )
    if table.columns:
        listed = ", ".join(f"{escape(name)}: {count:,}" for name, count in sorted(table.columns.items()))
        parts.append(f"<p>Open differences by column: {listed}.</p>")
    if table.differences:
        parts.append(_differences(table))
    return "".join(parts)


def _differences(table: TableReport) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.range)}</td><td>{escape(one.key)}</td><td>{escape(one.kind)}</td>"
        f"<td>{escape(', '.join(one.columns))}</td><td>{escape(one.state)}</td><td>{_time(one.first_seen)}</td>"
        f"<td>{_time(one.closed_at)}</td></tr>"
        for one in table.differences
    )
    more = table.open + table.mended - len(table.differences)
    tail = f'<p class="small">and {more:,} more, in the ledger</p>' if more > 0 else ""
    head = "".join(
        f"<th>{name}</th>"
        for name in ("range", "old key", "kind", "columns", "state", "first seen", "closed")
    )
    return f"<table><tr>{head}</tr>{rows}</table>{tail}"


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


_MEANING = """<h2>What the words mean</h2>
<p class="small">Both sides are compared after the mapping: what the old row says the new one should be, against what it is.
<em>Missing</em>: an old row has no new row. <em>Extra</em>: a new row belongs to an old row that is gone, or to none.
<em>Different</em>: some column holds another value. <em>Mended</em>: made right since, and looked at again. <em>Rejected</em>
rows could not be moved and were not compared. <em>Hot</em> rows were being changed each time they were looked at, and were
not compared. Columns that the mapping does not write were not compared, nor were rows that the new application made.</p>"""

_SIGNATURES = """<h2>Signed</h2><table class="sign"><tr><th>name</th><th>date</th><th>signature</th></tr>
<tr><td></td><td></td><td></td></tr><tr><td></td><td></td><td></td></tr></table>"""
