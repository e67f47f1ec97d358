"""How dlsrc's pages in a notebook look: one style sheet, for light and dark."""

__all__ = ["style"]

LIGHT = """
--ground: #ffffff; --ink: #1f2328; --soft: #6e7781; --rule: #d8dee4; --head: #f6f8fa; --tint: #fff9f2;
--there: #2f81f7; --back: #e08a3c; --hit: #fff1b0; --keyword: #a626a4; --string: #2e7d32; --number: #986801;
--builtin: #3b64c4;
"""
DARK = """
--ground: #161b22; --ink: #e6edf3; --soft: #8b949e; --rule: #30363d; --head: #1c222b; --tint: #1e1b1a;
--there: #58a6ff; --back: #f0883e; --hit: #4b431d; --keyword: #d2a8ff; --string: #7ee787; --number: #f2cc60;
--builtin: #79c0ff;
"""
# Notebooks say their theme on the page (JupyterLab, VS Code, Colab); elsewhere the system's choice counts.
THEME = f"""
.dlsrc {{{LIGHT}}}
@media (prefers-color-scheme: dark) {{ .dlsrc {{{DARK}}} }}
body[data-jp-theme-light="true"] .dlsrc, body.vscode-light .dlsrc, html[theme="light"] .dlsrc {{{LIGHT}}}
body[data-jp-theme-light="false"] .dlsrc, body.vscode-dark .dlsrc, html[theme="dark"] .dlsrc {{{DARK}}}
"""

# Notebooks have styles of their own for tables, paragraphs and code: what they set is set here again.
FRAME = """
.dlsrc {
  background: var(--ground); color: var(--ink); border: 1px solid var(--rule); border-radius: 8px;
  overflow-x: auto; width: fit-content; max-width: 100%; margin: 6px 0; text-align: left;
  font: 12.5px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
.dlsrc * { box-sizing: border-box; }
.dlsrc table { border-collapse: collapse; border: 0; margin: 0; width: auto; font: inherit; color: inherit; }
.dlsrc tr, .dlsrc tr:nth-child(even), .dlsrc tr:hover { background: none; }
.dlsrc td, .dlsrc th {
  padding: 0; border: 0; text-align: left; vertical-align: top; white-space: pre; max-width: none;
  font: inherit;
}
.dlsrc th, .dlsrc .title {
  background: var(--head); color: var(--soft); padding: 6px 14px; border-bottom: 1px solid var(--rule);
}
.dlsrc pre { margin: 0; padding: 4px 14px 10px 32px; background: none; color: inherit; font: inherit; }
.dlsrc i { font-style: normal; }
.dlsrc i.k { color: var(--keyword); }
.dlsrc i.s { color: var(--string); }
.dlsrc i.n { color: var(--number); }
.dlsrc i.b, .dlsrc i.m { color: var(--builtin); }
.dlsrc i.c { color: var(--soft); }
.dlsrc i.d { font-weight: 700; }
"""
# Two columns: u is the user's, g the generated one; f goes forward, r back; a line is a paragraph.
COLUMNS = """
.dlsrc .u { border-right: 1px solid var(--rule); min-width: 20em; }
.dlsrc p { margin: 0; padding: 0 16px 0 0; min-height: 1.6em; line-height: inherit; font: inherit; }
.dlsrc p::before {
  content: attr(n); display: inline-block; width: 3.6em; padding-right: 1.2em; text-align: right;
  color: var(--soft); opacity: .7; user-select: none;
}
.dlsrc .g p { border-left: 3px solid transparent; }
.dlsrc .g.f p { border-left-color: var(--there); }
.dlsrc .g.r p { border-left-color: var(--back); }
.dlsrc .r { background: var(--tint); }
.dlsrc .again p { color: var(--soft); }
.dlsrc .again i { opacity: .75; }
.dlsrc .r.again p::before { color: var(--back); opacity: 1; }
.dlsrc tr.turn td { border-top: 1px dashed var(--rule); }
.dlsrc tbody tr:first-child td { padding-top: 5px; }
.dlsrc tbody tr:last-child td { padding-bottom: 7px; }
"""
REPORT = """
.dlsrc td.h { color: var(--soft); padding: 1px 22px 1px 14px; }
.dlsrc td.t { padding: 1px 16px 1px 0; }
.dlsrc tbody tr:first-child td { padding-top: 7px; }
.dlsrc tbody tr:last-child td { padding-bottom: 9px; }
"""
FORMS = """
.dlsrc details + details { border-top: 1px solid var(--rule); }
.dlsrc summary { cursor: pointer; padding: 4px 14px; }
.dlsrc summary span { color: var(--soft); padding-left: .8em; }
"""
PARTS = {"columns": COLUMNS, "report": REPORT, "forms": FORMS}


def style(part: str, more: str = "") -> str:
    """The style sheet of one kind of page ("columns", "report", "forms") as HTML."""
    sheet = "".join(line.strip() for line in (THEME + FRAME + PARTS[part] + more).splitlines())
    return f"<style>{sheet}</style>"
