"""The JSON schema of each stage file: sound, and with the fields of its reader."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from jsonschema import Draft202012Validator

from il6infer.stages.files import FILES, write_schemas


@pytest.fixture(scope="module")
def schemas(tmp_path_factory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("schemas")
    write_schemas(folder)
    return {name: json.loads((folder / f"{name}.schema.json").read_text("utf-8")) for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_schema_is_sound_and_closed(schemas, name):
    found = schemas[name]
    Draft202012Validator.check_schema(found)

    assert list(found["properties"]) == [field.name for field in fields(FILES[name])]
    assert all(part["additionalProperties"] is False for part in (found, *found["$defs"].values()))
    assert all(part["description"] for part in (found, *found["$defs"].values()))


def test_settings_have_bounds_defaults_and_descriptions(schemas):
    rtol = schemas["settings_fit"]["$defs"]["Sampling"]["properties"]["rtol"]

    assert rtol == {
        "type": "number", "exclusiveMinimum": 0, "maximum": 0.01, "default": 1e-6,
        "description": "Relative tolerance of the solver.",
    }  # fmt: skip
