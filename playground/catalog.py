"""Which models exist and what each accepts. To add a model: one entry here and its prices in `pricing`."""

from dataclasses import dataclass
from types import MappingProxyType

from playground.errors import InvalidRequestError
from playground.sayings import said
from playground.schema import Request

RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
RESOLUTIONS = ("1K", "2K")

# The vendor's published table. Only 1:1 is beyond doubt, so it is called nominal and the
# pixels that arrive are measured.
_NOMINAL_PX = MappingProxyType(
    {
        ("1:1", "1K"): (1024, 1024),
        ("4:3", "1K"): (1365, 1024),
        ("3:4", "1K"): (1024, 1365),
        ("16:9", "1K"): (1820, 1024),
        ("9:16", "1K"): (1024, 1820),
        ("3:2", "1K"): (1536, 1024),
        ("2:3", "1K"): (1024, 1536),
        ("1:1", "2K"): (2048, 2048),
        ("4:3", "2K"): (2730, 2048),
        ("3:4", "2K"): (2048, 2730),
        ("16:9", "2K"): (3640, 2048),
        ("9:16", "2K"): (2048, 3640),
        ("3:2", "2K"): (3072, 2048),
        ("2:3", "2K"): (2048, 3072),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A hosted model and what its requests may hold."""

    id: str
    name: str
    vendor_says: str  # quoted as the vendor's words, never as ours
    ratios: tuple[str, ...] = RATIOS
    resolutions: tuple[str, ...] = RESOLUTIONS
    max_references: int = 8
    not_offered: tuple[str, ...] = ("seed", "steps", "guidance", "negative prompt")


FLEX = Model(
    id="flux-2-flex",
    name="FLUX.2 flex",
    vendor_says="faster, for quick iteration",
)
PRO = Model(
    id="flux-2-pro",
    name="FLUX.2 pro",
    vendor_says="higher quality, better details",
)
MODELS = MappingProxyType({model.id: model for model in (FLEX, PRO)})
DEFAULT_LANES = (FLEX.id, PRO.id)
MAX_REPEATS = 4

# Not documented. It keeps a slip (a pasted file) from becoming a paid request; 100 kB must pass.
MAX_PROMPT_BYTES = 200_000


def find_model(model_id: str) -> Model:
    """
    Raises:
        InvalidRequestError: No such model.
    """
    try:
        return MODELS[model_id]
    except KeyError:
        raise InvalidRequestError(
            said(
                "There is no model {model_id!r}. Choose one of: {models}.",
                model_id=model_id,
                models=", ".join(MODELS),
            ),
            field="model",
        ) from None


def nominal_px(size: str, resolution: str) -> tuple[int, int] | None:
    """Width and height the vendor's table promises; None for a pair it does not list."""
    return _NOMINAL_PX.get((size, resolution))


def check(request: Request) -> None:
    """
    Raises:
        InvalidRequestError: Some value would be refused by the service; says which and why.
    """
    model = find_model(request.model)
    if not request.prompt.strip():
        raise InvalidRequestError(said("The prompt is empty. Write what to draw."), field="prompt")
    try:
        size_bytes = len(request.prompt.encode("utf-8"))
    except UnicodeEncodeError as exc:
        raise InvalidRequestError(
            said(
                "The prompt holds half of a character (a lone surrogate, position {start}) "
                "that cannot be sent. Delete it and type it again.",
                start=exc.start + 1,
            ),
            field="prompt",
        ) from exc
    if size_bytes > MAX_PROMPT_BYTES:
        raise InvalidRequestError(
            said(
                "The prompt has {size_bytes:,} bytes; this app sends at most "
                "{max_prompt_bytes:,}. Shorten it.",
                size_bytes=size_bytes,
                max_prompt_bytes=MAX_PROMPT_BYTES,
            ),
            field="prompt",
        )
    if request.size not in model.ratios:
        raise InvalidRequestError(
            said(
                "{name} has no ratio {size!r}. Choose one of: {ratios}.",
                name=model.name,
                size=request.size,
                ratios=", ".join(model.ratios),
            ),
            field="size",
        )
    if request.resolution not in model.resolutions:
        raise InvalidRequestError(
            said(
                "{name} has no resolution {resolution!r}. Choose one of: {resolutions}.",
                name=model.name,
                resolution=request.resolution,
                resolutions=", ".join(model.resolutions),
            ),
            field="resolution",
        )
    if len(request.references) > model.max_references:
        raise InvalidRequestError(
            said(
                "{n_references} references were given; {name} takes at most {max_references}. "
                "Remove {n_too_many}.",
                n_references=len(request.references),
                name=model.name,
                max_references=model.max_references,
                n_too_many=len(request.references) - model.max_references,
            ),
            field="references",
        )
