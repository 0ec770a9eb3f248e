"""The screens' way to `playground.markup`, which writes the report as well."""

from playground.markup import Child, Markup, el, escape, join

__all__ = ["Child", "Markup", "el", "escape", "join"]
