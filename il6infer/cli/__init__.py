"""Commands of `il6infer`: one module each, with `register_parser` and `run`."""
