"""A widget as a page that needs no kernel shows it. Taught in 00."""


class StaticTwin:
    """Mixin, before the `ipywidgets` class, of a widget that has a method `static`."""

    def static_html(self) -> str:
        """What the widget shows now, as HTML."""
        return self.static().html()

    def _repr_mimebundle_(self, **kwargs):
        """The widget, and its static twin for viewers that know no widgets."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle:
            bundle["text/html"] = self.static_html()
        return bundle
