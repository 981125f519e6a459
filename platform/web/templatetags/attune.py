"""Tags and filters that all pages share."""

from django import template

register = template.Library()
