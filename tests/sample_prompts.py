"""The prompts of the sample log, and what goes wrong with some of them."""

from itertools import product

_PLACES = (
    "a lighthouse on a rocky coast",
    "a market street in the rain",
    "a mountain lake in early autumn",
    "an old tram in a narrow alley",
    "a greenhouse full of ferns",
    "a harbour with fishing boats",
    "a desert road with one tree",
    "a bridge over a frozen river",
    "a library with tall windows",
    "a field of sunflowers",
    "a fox at the edge of a forest",
    "a bowl of oranges on a wooden table",
    "an astronaut on a beach",
    "a red bicycle against a white wall",
    "a skyline seen from a rooftop",
    "a cat asleep on a windowsill",
)
_MOODS = (
    "at dusk, storm clouds, oil painting",
    "in morning light, 35 mm photograph",
    "flat colours, travel poster",
)
PLAIN = tuple(f"{place[0].upper()}{place[1:]} {mood}" for mood, place in product(_MOODS, _PLACES))

# Prompt, where the fault strikes, which, and whom.
FAULTY = (
    ("A windmill beside a canal", "task", "fail", "flux-2-pro"),
    ("A street musician under an arch", "task", "moderate", "flux-2-pro"),
    ("A crowded swimming pool", "task", "moderate", "flux-2-flex"),
    ("A bakery window before opening", "create", "refuse_400", "flux-2-flex"),
    ("A row of beach huts", "create", "refuse_422", "flux-2-pro"),
    ("A paper boat in the gutter", "create", "reset", "flux-2-flex"),
    ("An observatory at night", "task", "stuck", "flux-2-pro"),
)

SUBJECTS = (
    "a noodle bar at night",
    "a lighthouse keeper's house",
    "a flower shop",
    "a tram stop in the snow",
    "a harbour office",
    "a village bakery",
    "a cinema entrance",
    "a mountain hut",
    "a ferry landing",
    "a bookshop window",
    "a petrol station in the desert",
    "a cat on a shop counter",
    "a bicycle workshop",
    "a forest kiosk",
    "a rooftop bar",
    "a barber's shop",
    "a ticket booth",
    "a tea house by a pond",
    "a garage at dusk",
    "a market stall with oranges",
)

REFERENCES = (
    "A bouquet of tulips in a blue vase",
    "A red fox in the forest",
    "A lighthouse at night, first stars",
)

EDITS = tuple(
    f"{what} {where}"
    for where, what in product(
        ("in a sunlit room", "on a rainy evening", "as a travel poster"),
        (
            "A writing desk",
            "A portrait of a sailor",
            "A city square",
            "A still life with pears",
            "A kitchen table",
            "A garden wall",
            "A railway platform",
            "A small theatre",
        ),
    )
)
