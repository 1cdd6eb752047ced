"""`rookery inspect`: why it works, or not, with another server."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from admin.commands.console import answers as runs
from admin.commands.console import emit, json_option, prepared_settings

if TYPE_CHECKING:
    from admin.inspection.inquiry import Report, Step

MARKS = {
    "ok": ("✓", "green"),
    "info": ("·", "cyan"),
    "warning": ("!", "yellow"),
    "problem": ("✗", "bold red"),
    "skipped": ("-", "dim"),
}


@click.command()
@click.argument("target", metavar="HANDLE|ADDRESS|DOMAIN")
@click.option("--no-knock", is_flag=True, help="Post nothing to the other server's inbox.")
@click.option("--brief", is_flag=True, help="Leave out the evidence below each step.")
@json_option
def inspect(target: str, no_knock: bool, brief: bool, as_json: bool) -> None:
    """Try everything between this node and another server, step by step, and say what to change.

    Exit code 1 if something is wrong. The name of this node itself shows how others see it.
    """
    if not _inspect(target, no_knock, brief, as_json):
        raise SystemExit(1)


@runs
async def _inspect(target: str, no_knock: bool, brief: bool, as_json: bool) -> bool:
    from admin.inspect import inspect as look
    from node.base.runtime import running

    async with running(prepared_settings()) as runtime:
        report = await look(runtime, target, knock=not no_knock)
    if as_json:
        emit(
            {
                "target": report.target,
                "subject": report.subject,
                "ok": report.is_healthy,
                "steps": [asdict(step) for step in report.steps],
            }
        )
    else:
        _print(report, brief=brief)
    return report.is_healthy


def _print(report: "Report", *, brief: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"\n{report.subject}\n", style="bold"))
    for step in report.steps:
        mark, style = MARKS[step.verdict]
        row = Table.grid(padding=(0, 1))
        row.add_column(width=1)
        row.add_column(width=17)
        row.add_column(overflow="fold")
        row.add_row(Text(mark, style=style), Text(step.title, style=style), Text(step.seen))
        if step.advice and step.verdict != "ok":
            row.add_row("", "", Text(f"-> {step.advice}", style="yellow" if step.verdict != "info" else ""))
        console.print(row)
        if step.lines and not brief:
            # Never wrapped: a signing string must be readable, and copied, exactly as it is.
            console.print(Text("\n".join(f"    {line}".rstrip() for line in step.lines), style="dim"), soft_wrap=True)
    console.print(Text(f"\n{_summary(report.steps)}", style="bold"))


def _summary(steps: "tuple[Step, ...]") -> str:
    problems = [step.title for step in steps if step.verdict == "problem"]
    if not problems:
        return "Nothing is wrong."
    return f"{len(problems)} {'step needs' if len(problems) == 1 else 'steps need'} a change: {', '.join(problems)}."
