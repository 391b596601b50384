"""PEtab problems, version 1 and 2: reading, checking, adopting."""
