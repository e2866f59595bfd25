"""One line of what `make bench` prints."""

HEAD = f"{'':58}{'CPU µs/row':>11}{'wall µs/row':>12}{'peak MB':>9}{'ratio':>8}  goal"


def line(
    what: str,
    *,
    cpu: float | None = None,
    wall: float | None = None,
    peak: int | None = None,
    ratio: float | None = None,
    goal: str = "",
) -> None:
    """`cpu`, `wall`: seconds a row; `peak`: bytes."""
    cells = [
        f"{cpu * 1e6:11.2f}" if cpu is not None else f"{'':11}",
        f"{wall * 1e6:12.2f}" if wall is not None else f"{'':12}",
        f"{peak / 1e6:9,.0f}" if peak is not None else f"{'':9}",
        f"{ratio:8.2f}" if ratio is not None else f"{'':8}",
    ]
    print(f"{what:58}{''.join(cells)}  {goal}".rstrip(), flush=True)
