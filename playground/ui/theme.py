"""The framework's own widgets in our colours: its variables point at those of `assets/page.css`."""

import inspect

import gradio as gr

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
FONT_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

_COLOURS = {
    "body_background_fill": "var(--pg-page)",
    "body_text_color": "var(--pg-ink)",
    "body_text_color_subdued": "var(--pg-muted)",
    "background_fill_primary": "var(--pg-surface)",
    "background_fill_secondary": "var(--pg-sunken)",
    "border_color_primary": "var(--pg-line)",
    "border_color_accent": "var(--pg-accent)",
    "color_accent_soft": "var(--pg-accent-soft)",
    "block_background_fill": "transparent",
    "block_border_color": "transparent",
    "block_label_background_fill": "transparent",
    "block_label_border_color": "transparent",
    "block_label_text_color": "var(--pg-ink)",
    "block_title_background_fill": "transparent",
    "block_title_text_color": "var(--pg-ink)",
    "block_info_text_color": "var(--pg-muted)",
    "input_background_fill": "var(--pg-field)",
    "input_background_fill_focus": "var(--pg-field)",
    "input_background_fill_hover": "var(--pg-field)",
    "input_border_color": "var(--pg-edge)",
    "input_border_color_focus": "var(--pg-accent)",
    "input_border_color_hover": "var(--pg-edge)",
    "input_placeholder_color": "var(--pg-muted)",
    "button_primary_background_fill": "var(--pg-accent)",
    "button_primary_background_fill_hover": "var(--pg-accent-strong)",
    "button_primary_text_color": "var(--pg-on-accent)",
    "button_primary_text_color_hover": "var(--pg-on-accent)",
    "button_primary_border_color": "transparent",
    "button_secondary_background_fill": "var(--pg-surface)",
    "button_secondary_background_fill_hover": "var(--pg-sunken)",
    "button_secondary_text_color": "var(--pg-ink)",
    "button_secondary_border_color": "var(--pg-edge)",
    "link_text_color": "var(--pg-accent)",
}
_SHAPES = {
    "block_border_width": "0px",
    "block_padding": "0px",
    "block_radius": "10px",
    "block_shadow": "none",
    "block_title_text_size": "0.8125rem",
    "block_title_text_weight": "600",
    "input_border_width": "1px",
    "input_radius": "9px",
    "input_shadow": "none",
    "layout_gap": "16px",
}


def theme() -> gr.themes.Base:
    """Colours change with light and dark in the style sheet, so both names get the same value."""
    base = gr.themes.Base(font=FONT, font_mono=FONT_MONO)
    known = inspect.signature(base.set).parameters
    values = _COLOURS | _SHAPES
    dark = {f"{name}_dark": value for name, value in values.items()}
    return base.set(**{name: value for name, value in (values | dark).items() if name in known})
