"""`python -m linecapi_site.sample_shop PATH`: write the sample data to a file."""

import argparse
import sys
import time
from pathlib import Path

from . import build, write

parser = argparse.ArgumentParser(prog="sample_shop", description="Write the event table of a made-up Japanese shop.")
parser.add_argument("path", type=Path, help="file to write, .parquet or .csv")
parser.add_argument("--rows", type=int, default=10_000, help="how many events (default %(default)s)")
parser.add_argument(
    "--now", type=int, default=int(time.time()), metavar="EPOCH", help="end of its 14 days (default now)"
)
parser.add_argument("--seed", type=int, default=7, help="another seed, another table (default %(default)s)")
options = parser.parse_args()
shop = build(now=options.now, rows=options.rows, seed=options.seed)
try:
    write(shop.table, options.path)
except (ValueError, OSError) as error:
    parser.error(str(error))
sys.stdout.write("{read} rows, {invalid} of them invalid\n".format(**shop.expected))
