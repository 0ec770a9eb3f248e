"""The service's spelling, both ways: what we send, and what every known shape of its answers means."""

from playground.wire.access import (
    OFFICIAL_HOSTS,
    Key,
    check_key,
    is_loopback,
    normalise_base_url,
    scrub,
)
from playground.wire.account import (
    BALANCE_PATH,
    MODELS_PATH,
    PRICING_PATH,
    UPLOAD_PATH,
    PricePage,
    QuotedPrice,
    parse_balance,
    parse_models,
    parse_prices,
    parse_upload,
)
from playground.wire.answer import Answer, RateLimit, parse_rate_limit, parse_retry_after
from playground.wire.refusals import error_from
from playground.wire.tasks import (
    CREATE_PATH,
    CreateOutcome,
    classify_create,
    create_body,
    is_moderation,
    knows_word,
    parse_create,
    parse_status,
    status_path,
)
from playground.wire.webhooks import WebhookEvent, read_webhook

__all__ = [
    "BALANCE_PATH",
    "CREATE_PATH",
    "MODELS_PATH",
    "OFFICIAL_HOSTS",
    "PRICING_PATH",
    "UPLOAD_PATH",
    "Answer",
    "CreateOutcome",
    "Key",
    "PricePage",
    "QuotedPrice",
    "RateLimit",
    "WebhookEvent",
    "check_key",
    "classify_create",
    "create_body",
    "error_from",
    "is_loopback",
    "is_moderation",
    "knows_word",
    "normalise_base_url",
    "parse_balance",
    "parse_create",
    "parse_models",
    "parse_prices",
    "parse_rate_limit",
    "parse_retry_after",
    "parse_status",
    "parse_upload",
    "read_webhook",
    "scrub",
    "status_path",
]
