"""Measurements that can be repeated. Not part of the installed package."""
