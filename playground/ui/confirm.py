"""The question that comes before an unusual purchase, as HTML."""

from playground.markup import Markup, el
from playground.ui.money import Quote
from playground.ui.texts import text


def confirm_html(reason: str, quote: Quote) -> Markup:
    """What would be bought, why it is asked, and a yes that names the money again."""
    return el(
        "section",
        el("p", reason),
        el("p", quote.basis, class_="pg-note"),
        el(
            "div",
            el(
                "button",
                text("confirm.buy", price=quote.price),
                type="button",
                class_="pg-button pg-button-strong",
                data_action="confirm",
            ),
            el(
                "button",
                text("confirm.leave"),
                type="button",
                class_="pg-button",
                data_action="leave",
            ),
            class_="pg-actions",
        ),
        class_="pg-confirm",
        role="group",
        aria_label=text("confirm.region"),
        tabindex=-1,
    )
