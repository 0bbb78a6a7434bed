"""Figures per question: one file each."""
