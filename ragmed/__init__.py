"""ragmed: medical question answering whose every sentence cites evidence you can open and check."""

__version__ = "0.1.0"
