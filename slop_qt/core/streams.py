"""How streams are named on the socket, in the journal and in the window."""

__all__ = ["TIERS", "TIER_ROLES", "stream_name", "tier_name"]

TIERS = (1, 2, 3, 4)
TIER_ROLES = {1: "Orchestrator", 2: "Tech Lead", 3: "Worker", 4: "QA"}


def tier_name(tier: int) -> str:
    """`Tier 3`."""
    return f"Tier {tier}"


def stream_name(tier: int, ticket_id: str | None = None, attempt: int = 1) -> str:
    """`Tier 1`, `Tier 3: T-001`, `Tier 3: T-001 #2`; Tier 4 always names the attempt that it explains."""
    if ticket_id is None:
        return tier_name(tier)
    suffix = f" #{attempt}" if attempt > 1 or tier == 4 else ""
    return f"{tier_name(tier)}: {ticket_id}{suffix}"
