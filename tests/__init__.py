"""Tests; a package, so that every folder may have a conftest.py of its own."""
