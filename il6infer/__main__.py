"""`python -m il6infer` is the command `il6infer`."""

from __future__ import annotations

from il6infer.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
