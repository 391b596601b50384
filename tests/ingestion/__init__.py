"""Tests of the stage ingest."""
