"""`python -m integrations.connectors.line_conversion.sandbox`: the sandbox without Django."""

import argparse
import sys

from .cli import add_arguments, serve

parser = argparse.ArgumentParser(prog="line_sandbox", description="A local stand-in for LINE's Conversion API.")
add_arguments(parser)
try:
    serve(vars(parser.parse_args()), sys.stdout)
except (ValueError, OSError) as error:
    parser.error(str(error))
