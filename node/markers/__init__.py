"""Markers: how far a person has read a timeline, the same in all of their apps."""
