"""The question that comes before an unusual step, mostly a purchase, as HTML."""

from playground.markup import Markup, el
from playground.ui.money import Quote
from playground.ui.texts import text


def confirm_html(reason: str, quote: Quote) -> Markup:
    """What would be bought, why it is asked, and a yes that names the money again."""
    yes = text("confirm.buy", price=quote.price)
    return question_html(reason, quote.basis, yes=yes, region=text("confirm.region"))


def question_html(reason: str, ground: str, *, yes: str, region: str) -> Markup:
    """
    What would be done and what that rests on, with a yes and a "not now".

    Args:
        region: What the question is called for those who do not see it.
    """
    return el(
        "section",
        el("p", reason),
        el("p", ground, class_="pg-note"),
        el(
            "div",
            el(
                "button",
                yes,
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
        aria_label=region,
        tabindex=-1,
    )
