"""Reading a prompt: which scene, which hour and weather, which colours, which words to letter."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from playground.emulator.drawing.colour import COLOUR_WORDS, Colour

# A prompt may be a novel; what decides the picture stands at its beginning.
READ_CHARACTERS = 4_000
MAX_LETTERING_CHARACTERS = 48


class Setting(StrEnum):
    """The families of scenes."""

    COAST = "coast"
    MOUNTAINS = "mountains"
    DUNES = "dunes"
    FOREST = "forest"
    SKYLINE = "skyline"
    ALLEY = "alley"
    SPACE = "space"
    TABLE = "table"
    FLOWERS = "flowers"
    WALL = "wall"
    PORTRAIT = "portrait"
    POSTER = "poster"
    ABSTRACT = "abstract"


class Hour(StrEnum):
    """When it is in the picture."""

    DAWN = "dawn"
    DAY = "day"
    DUSK = "dusk"
    NIGHT = "night"


_SETTINGS: dict[Setting, tuple[int, str]] = {
    Setting.POSTER: (
        5,
        "poster typography typographic logo lettering festival cover flyer album headline infographic "
        "banner magazine bauhaus 海报 标志",
    ),
    Setting.PORTRAIT: (
        5,
        "portrait headshot selfie face bust closeup 肖像 人像",
    ),
    Setting.ALLEY: (
        4,
        "alley neon cyberpunk tokyo street alleyway nightclub arcade market 霓虹 街",
    ),
    Setting.SKYLINE: (
        3,
        "city skyline skyscraper downtown cityscape manhattan york building tower metropolis "
        "urban architecture london paris shanghai bridge harbor harbour 城 建筑",
    ),
    Setting.SPACE: (
        4,
        "space planet galaxy astronaut nebula cosmos saturn mars spaceship rocket alien universe "
        "asteroid orbit 太空 宇宙 星球 星空",
    ),
    Setting.TABLE: (
        3,
        "bowl table tablecloth orange apple lemon fruit still coffee cup teapot tea bottle perfume "
        "kitchen bread wine glass pear peach product vase food 水果 静物 杯",
    ),
    Setting.FLOWERS: (
        3,
        "flower rose tulip bouquet botanical leaf leave garden poppy daisy sunflower blossom orchid "
        "fern peony plant 花 植物",
    ),
    Setting.COAST: (
        3,
        "lighthouse sea ocean coast cliff wave beach boat ship sail sailboat island shore surf "
        "whale lagoon 海 船 灯塔",
    ),
    Setting.FOREST: (
        3,
        "forest wood tree pine jungle birch woodland grove fox deer owl bear wolf 森林 林 树 狐",
    ),
    Setting.DUNES: (3, "desert dune sand sahara camel cactus canyon pyramid oasis 沙漠"),
    Setting.MOUNTAINS: (
        3,
        "mountain alps peak valley hill lake meadow landscape himalaya volcano cabin field river "
        "glacier fjord waterfall vista balloon castle dragon 山 湖 风景",
    ),
    Setting.WALL: (3, "bicycle bike wall door window facade room chair 自行车 墙"),
    Setting.ABSTRACT: (
        3,
        "abstract pattern geometric shapes texture minimal minimalist swirl fractal 抽象",
    ),
}

_HOURS: dict[Hour, str] = {
    Hour.NIGHT: "night midnight moon moonlight moonlit star neon nocturnal starry 夜 月",
    Hour.DUSK: "dusk sunset twilight evening golden dramatic sundown 黄昏 日落 夕阳",
    Hour.DAWN: "dawn sunrise morning daybreak pastel dreamy 清晨 日出 黎明",
    Hour.DAY: "day noon sunny bright summer daylight afternoon midday 白天 阳光",
}

_WEATHER: dict[str, str] = {
    "storm": "storm stormy thunder lightning tempest hurricane 暴风",
    "rain": "rain rainy wet drizzle downpour 雨",
    "snow": "snow snowy winter ice frozen blizzard christmas 雪 冬",
    "fog": "fog foggy mist misty haze hazy 雾",
}

_SUBJECTS: dict[str, str] = {
    "lighthouse": "lighthouse 灯塔",
    "boat": "boat ship sail sailboat yacht vessel 船",
    "bicycle": "bicycle bike cycle 自行车",
    "cat": "cat kitten kitty 猫",
    "fox": "fox 狐",
    "birds": "bird gull seagull crow flock swallow 鸟",
    "cabin": "cabin house hut cottage barn 房",
    "balloon": "balloon",
    "moon": "moon moonlight moonlit lunar 月",
    "umbrella": "umbrella 伞",
    "cup": "coffee cup tea mug espresso latte 杯 咖啡",
    "bottle": "bottle wine perfume vase 瓶",
    "flowers": "flower tulip rose bouquet sunflower poppy daisy 花",
    "bowl": "bowl fruit 水果 碗",
    "hat": "fisherman sailor captain hat cap farmer",
    "beard": "old fisherman sailor bearded beard wizard grandfather",
    "woman": "woman girl lady queen mother ballerina princess she her",
    "jazz": "jazz music vinyl record festival concert piano song 音乐",
    "robot": "robot android cyborg 机器人",
}

_FRUIT = ("orange", "apple", "lemon", "pear", "peach", "lime", "plum")

_QUOTED = re.compile(
    r"[\"“”„«「『]([^\"“”„«»「」『』]{1,200})[\"“”»」』]|(?<!\w)['‘]([^'‘’]{2,80})['’](?!\w)"
)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a picture has to show."""

    setting: Setting
    hour: Hour
    weather: frozenset[str]
    subjects: frozenset[str]
    fruit: tuple[str, ...]
    colours: tuple[Colour, ...]
    colour_of: dict[str, Colour]  # noun -> the colour word before it
    lettering: tuple[str, ...]
    caption: str


def clean(text: str, limit: int = READ_CHARACTERS) -> str:
    """The text with control, private and unpaired surrogate characters dropped, spaces joined."""
    kept = []
    for ch in text[: limit * 2]:
        category = unicodedata.category(ch)
        if ch.isspace():
            kept.append(" ")
        elif category[0] != "C":
            kept.append(ch)
    return " ".join("".join(kept).split())[:limit]


def _singular(word: str) -> str:
    for ending, replacement in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("oxes", "ox")):
        if word.endswith(ending) and len(word) > 4:
            return word[: -len(ending)] + replacement
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


@cache
def _known(vocabulary: str) -> tuple[frozenset[str], tuple[str, ...]]:
    words = vocabulary.split()
    spaced = frozenset(_singular(w) for w in words if w.isascii())
    return spaced, tuple(w for w in words if not w.isascii())


def _hits(words: list[str], text: str, vocabulary: str) -> int:
    spaced, unspaced = _known(vocabulary)
    return sum(w in spaced for w in words) + sum(w in text for w in unspaced)


def _coloured_nouns(words: list[str]) -> dict[str, Colour]:
    found: dict[str, Colour] = {}
    for i, word in enumerate(words):
        if word not in COLOUR_WORDS:
            continue
        for noun in words[i + 1 : i + 4]:
            if noun in COLOUR_WORDS or noun in ("and", "on", "in", "with", "against", "at"):
                break
            found.setdefault(noun, COLOUR_WORDS[word])
    return found


def _cjk_colours(text: str, subjects: frozenset[str]) -> dict[str, Colour]:
    found: dict[str, Colour] = {}
    for subject in sorted(subjects):
        for name in _SUBJECTS[subject].split():
            at = text.find(name)
            if not name.isascii() and at > 0:
                before = text[max(0, at - 2) : at].replace("色", "")
                if before and before[-1] in COLOUR_WORDS:
                    found[subject] = COLOUR_WORDS[before[-1]]
    return found


def _setting(words: list[str], text: str, choice: int) -> Setting:
    scores = {s: weight * _hits(words, text, vocab) for s, (weight, vocab) in _SETTINGS.items()}
    best = max(scores.values())
    if best > 0:
        return next(s for s, score in scores.items() if score == best)
    animals = _hits(words, text, "cat kitten dog puppy horse animal lion tiger rabbit 猫 狗 马")
    if animals and _hits(words, text, _SUBJECTS["moon"]):
        return (Setting.MOUNTAINS, Setting.COAST)[choice % 2]
    if animals:
        return (Setting.MOUNTAINS, Setting.FOREST, Setting.COAST)[choice % 3]
    people = _hits(
        words, text, "man woman girl boy child person king queen fisherman wizard robot 人 女孩"
    )
    return Setting.PORTRAIT if people else Setting.ABSTRACT


def _hour(words: list[str], text: str, choice: int) -> Hour:
    scores = {hour: _hits(words, text, vocab) for hour, vocab in _HOURS.items()}
    best = max(scores.values())
    if best > 0:
        return next(hour for hour, score in scores.items() if score == best)
    return (Hour.DAY, Hour.DAWN, Hour.DUSK)[choice % 3]


def read(prompt: str, *, choice: int) -> Brief:
    """
    What the prompt asks for.

    Args:
        prompt: Any text at all.

        choice: A number made from the prompt; settles what the words leave open.
    """
    text = clean(prompt)
    quoted = [next(filter(None, m.groups())).strip() for m in _QUOTED.finditer(text)]
    scenery = _QUOTED.sub(" ", text).lower()
    words = [_singular(part) for w in _WORD.findall(scenery) for part in w.split("-")]
    subjects = frozenset(s for s, vocab in _SUBJECTS.items() if _hits(words, scenery, vocab))
    colour_of = _coloured_nouns(words) | _cjk_colours(scenery, subjects)
    fruit = tuple(f for f in _FRUIT if f in words)
    loose = [COLOUR_WORDS[w] for w in words if w in COLOUR_WORDS and w not in fruit]
    loose += [
        COLOUR_WORDS[w] for q in quoted for w in _WORD.findall(q.lower()) if w in COLOUR_WORDS
    ]
    loose += [c for subject, c in colour_of.items() if subject in subjects and c not in loose]
    return Brief(
        setting=_setting(words, scenery, choice),
        hour=_hour(words, scenery, choice // 7),
        weather=frozenset(w for w, vocab in _WEATHER.items() if _hits(words, scenery, vocab)),
        subjects=subjects,
        fruit=fruit,
        colours=tuple(dict.fromkeys(loose)),
        colour_of=colour_of,
        lettering=tuple(q for q in quoted if q and len(q) <= MAX_LETTERING_CHARACTERS)[:3],
        caption=text,
    )
