"""The dialects that the conformance suite runs with: one for each adapter."""

from anthropic_dialect import AnthropicDialect
from dialect import Dialect
from gemini_dialect import GeminiDialect
from openai_dialect import OpenAIDialect

__all__ = ["DIALECTS"]

DIALECTS: tuple[Dialect, ...] = (AnthropicDialect(), GeminiDialect(), OpenAIDialect())
